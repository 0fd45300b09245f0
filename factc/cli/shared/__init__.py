"""What the commands share: options, output, errors; and the exit codes of all of them."""

SUCCESS = 0  # also: the job finished early, or a constraint did not match
BAD_JOB = 1
TASK_FAILED = 2
BAD_REQUEST = 3  # anything else: usage, a value, a start task, a place that cannot be written
