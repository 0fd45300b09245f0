"""The model: the document that every form of a job becomes, and the job in our own words; read and judged by others."""
