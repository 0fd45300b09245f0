"""What can stand at the end of a command line of factc, for the completion of shells.

`line` reads the words so far, `candidates` knows what may come next, `jobs` and `runs` look into job files and
records; `table` holds the verbs and their options, so that none of the verbs has to be imported. Whoever presses a
key waits for the answer: nothing here imports more than it needs, compiles anything or complains.
"""
