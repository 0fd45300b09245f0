"""The least that Python can do: starts `sh -c :` N times, J at once, reads both pipes of each to the end.

    python bare_loop.py N J

Used as the measure of what a runner adds to the cost of its tasks.
"""

import os
import selectors
import sys


def main(count: int, at_once: int) -> None:
    ready = selectors.DefaultSelector()
    started = running = 0
    null = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
    while started < count or running:
        while started < count and running < at_once:
            out, out_end = os.pipe()
            err, err_end = os.pipe()
            actions = [null, (os.POSIX_SPAWN_DUP2, out_end, 1), (os.POSIX_SPAWN_DUP2, err_end, 2)]
            pid = os.posix_spawnp("sh", ["sh", "-c", ":"], os.environ, file_actions=actions)
            os.close(out_end)
            os.close(err_end)
            pipes = {out, err}
            for pipe in (out, err):
                ready.register(pipe, selectors.EVENT_READ, (pid, pipes))
            started += 1
            running += 1
        for key, _ in ready.select():
            if not os.read(key.fd, 65536):
                pid, pipes = key.data
                ready.unregister(key.fd)
                os.close(key.fd)
                pipes.discard(key.fd)
                if not pipes:
                    os.waitpid(pid, 0)
                    running -= 1


main(int(sys.argv[1]), int(sys.argv[2]))
