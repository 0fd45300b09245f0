/* The least that a graph of shell commands costs on this machine: starts each and waits for it, and does nothing else.
 *
 *     floor FILE JOBS
 *
 * FILE: how many tasks; then a line for each: how many it waits for, their numbers (smaller than its own), its command.
 * Output is not read. The exit code is 0 if all were 0. */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

struct task {
    char *command;
    int missing, waiting, *waits; /* how many it waits for; how many wait for it, and which */
    pid_t process;
};

static struct task *task;
static int count, *queue, first, last, running, *slot; /* slot: the tasks that run */

static void die(const char *why) {
    fprintf(stderr, "floor: %s\n", why);
    exit(3);
}

static void *zeroed(size_t number, size_t size) {
    void *memory = calloc(number ? number : 1, size);
    if (!memory) die("no memory");
    return memory;
}

static void read_graph(const char *path) {
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;
    if (!file || fscanf(file, "%d", &count) != 1) die("no graph");
    task = zeroed(count, sizeof *task);
    queue = zeroed(count, sizeof *queue);
    for (int i = 0; i < count; i++) {
        int needs, need;
        if (fscanf(file, "%d", &needs) != 1) die("not a graph");
        task[i].missing = needs;
        while (needs--) {
            if (fscanf(file, "%d", &need) != 1 || need < 0 || need >= i) die("not a graph");
            struct task *before = &task[need];
            before->waits = realloc(before->waits, (before->waiting + 1) * sizeof(int));
            if (!before->waits) die("no memory");
            before->waits[before->waiting++] = i;
        }
        if (fgetc(file) != ' ' || getline(&line, &room, file) < 0) die("not a graph");
        line[strcspn(line, "\n")] = 0;
        task[i].command = strdup(line);
        if (!task[i].missing) queue[last++] = i;
    }
    fclose(file);
    free(line);
}

static void start(int i) {
    char *argv[] = {"sh", "-c", task[i].command, NULL};
    if (posix_spawn(&task[i].process, "/bin/sh", NULL, NULL, argv, environ)) die("cannot start sh");
    slot[running++] = i;
}

static int end_of_one(void) {
    int status, at = 0;
    pid_t process = wait(&status);
    while (at < running && task[slot[at]].process != process) at++;
    if (at == running) die("a process ended that is not a task");
    struct task *ended = &task[slot[at]];
    slot[at] = slot[--running];
    for (int k = 0; k < ended->waiting; k++)
        if (!--task[ended->waits[k]].missing) queue[last++] = ended->waits[k];
    return status != 0;
}

int main(int argc, char **argv) {
    int jobs, failed = 0;
    if (argc != 3 || (jobs = atoi(argv[2])) < 1) die("usage: floor FILE JOBS");
    read_graph(argv[1]);
    slot = zeroed(jobs, sizeof *slot);
    while (first < last || running) {
        while (first < last && running < jobs) start(queue[first++]);
        failed += end_of_one();
    }
    return failed != 0;
}
