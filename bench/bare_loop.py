"""The least that Python can do to run a graph of shell commands: a loop with no checks, no record and no screen.

    python -I -S bare_loop.py GRAPH JOBS

GRAPH is JSON: for each task its command and the numbers of the tasks that it waits for. Each command is given to
`/bin/sh -c`, both of its streams are read to the end and kept, its exit code is asked for, and then what waited for it
may start. The exit code is 0 if all were 0.
"""

import json
import os
import select
import sys


def main(path: str, at_once: int) -> int:
    with open(path) as file:
        tasks = json.load(file)
    missing = [len(needs) for _, needs in tasks]
    waiting: list[list[int]] = [[] for _ in tasks]
    for i, (_, needs) in enumerate(tasks):
        for need in needs:
            waiting[need].append(i)
    ready = [i for i, count in enumerate(missing) if not count]
    ready.reverse()  # the last one is taken first
    output: dict[int, list[bytes]] = {}
    environment = dict(os.environ)
    poll = select.epoll()
    open_pipes: dict[int, tuple[int, int, list[int]]] = {}  # by descriptor: task, process, how many are still open
    running = failed = 0
    while ready or running:
        while ready and running < at_once:
            i = ready.pop()
            out, out_end = os.pipe()
            err, err_end = os.pipe()
            actions = ((os.POSIX_SPAWN_DUP2, out_end, 1), (os.POSIX_SPAWN_DUP2, err_end, 2))
            pid = os.posix_spawn("/bin/sh", ("sh", "-c", tasks[i][0]), environment, file_actions=actions)
            os.close(out_end)
            os.close(err_end)
            output[i] = []
            open_pipes[out] = open_pipes[err] = (i, pid, left := [2])
            poll.register(out, select.EPOLLIN)
            poll.register(err, select.EPOLLIN)
            running += 1
        for pipe, _ in poll.poll():
            i, pid, left = open_pipes[pipe]
            if data := os.read(pipe, 65536):
                output[i].append(data)
                continue
            poll.unregister(pipe)  # closing is not enough: a child that is not quite started has a copy for a moment
            os.close(pipe)
            left[0] -= 1
            if not left[0]:
                failed += os.waitpid(pid, 0)[1] != 0
                running -= 1
                for user in waiting[i]:
                    missing[user] -= 1
                    if not missing[user]:
                        ready.append(user)
    return failed != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
