/* Preloaded into the child process: flushes and writes of files of the journal that fail, or write less than asked. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

static int syncs, writes;

static int setting(const char *name)
{
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
    if (setting("FAULT_SHORT_WRITES") && count > 100)
        count = count / 2;
    return real(file, bytes, count, offset);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset)
{
    return pwrite64(file, bytes, count, offset);
}
