"""What factc costs, measured side by side with what it is compared to. `python -m bench` prints the table."""
