/*
 * Preloaded into a process: flushes and writes of files of the journal that fail, take long, write less than asked, or are torn by the
 * end of the process. What is to happen is told by variables of the environment, or, where FAULT_FILE names a file, by lines NAME=VALUE
 * in it: it may come, change and go while the process runs.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define SECTOR 512

static int syncs, writes;

static int setting_of_file(const char *path, const char *name)
{
    char text[512];
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    text[length > 0 ? length : 0] = 0;
    char *at = strstr(text, name);
    return at && at[strlen(name)] == '=' ? atoi(at + strlen(name) + 1) : 0;
}

static int setting(const char *name)
{
    const char *path = getenv("FAULT_FILE");
    if (path)
        return setting_of_file(path, name);
    const char *value = getenv(name);
    return value ? atoi(value) : 0;
}

int fdatasync(int file)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    int after = setting("FAULT_SYNC_AFTER");
    if (after && __sync_add_and_fetch(&syncs, 1) > after) {
        errno = setting("FAULT_ERRNO");
        return -1;
    }
    int delay_ms = setting("FAULT_SYNC_DELAY_MS");
    if (delay_ms) {
        struct timespec delay = { delay_ms / 1000, delay_ms % 1000 * 1000000L };
        nanosleep(&delay, NULL);
    }
    return real(file);
}

int fsync(int file)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    if (setting("FAULT_DIRECTORY_SYNC")) {
        errno = setting("FAULT_ERRNO");
        return -1;
    }
    return real(file);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset)
{
    ssize_t (*real)(int, const void *, size_t, off64_t) = (ssize_t (*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");
    int after = setting("FAULT_WRITE_AFTER");
    if (after && __sync_add_and_fetch(&writes, 1) > after) {
        errno = setting("FAULT_ERRNO");
        return -1;
    }
    if (setting("FAULT_TORN_WRITE") && count > SECTOR) {
        /* The last sector reaches the disk, the first does not: nobody promises an order. Once only: the next process must start. */
        unlink(getenv("FAULT_FILE"));
        real(file, (const char *)bytes + SECTOR, count - SECTOR, offset + SECTOR);
        kill(getpid(), SIGKILL);
    }
    if (setting("FAULT_SHORT_WRITES") && count > 100)
        count = count / 2;
    return real(file, bytes, count, offset);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset)
{
    return pwrite64(file, bytes, count, offset);
}
