/*
 * Preloaded into a process: a wall clock of its own. The file that FAULT_CLOCK names holds three numbers of eight bytes: the true time
 * in nanoseconds since 1970 at which the clock was set, how far it was ahead then, and its rate (a double). They may be changed at any time.
 * The monotonic clocks are left alone, as on a machine whose clock is set.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL

struct setting {
    volatile int64_t set_at_ns;
    volatile int64_t ahead_ns;
    volatile double rate;
};

static const struct setting *clock_setting;
static int (*real_clock)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("FAULT_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *mapped = mmap(NULL, sizeof(struct setting), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (mapped != MAP_FAILED)
        clock_setting = mapped;
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    if (!real_clock)
        real_clock = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int result = real_clock(clock, time);
    if (result != 0 || !clock_setting || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
        return result;
    int64_t now_ns = time->tv_sec * SECOND + time->tv_nsec;
    int64_t since_ns = now_ns - clock_setting->set_at_ns;
    int64_t told_ns = clock_setting->set_at_ns + clock_setting->ahead_ns + (int64_t)((double)since_ns * clock_setting->rate);
    time->tv_sec = told_ns / SECOND;
    time->tv_nsec = told_ns % SECOND;
    return 0;
}

int gettimeofday(struct timeval *restrict told, void *restrict zone)
{
    struct timespec time;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &time);
    told->tv_sec = time.tv_sec;
    told->tv_usec = time.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *told)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (told)
        *told = now.tv_sec;
    return now.tv_sec;
}
