"""What is legal but looks wrong, told by `validate`; and the comments of a job that allow it."""
