/* A disk that refuses: preloaded, it counts the calls that change files under one directory, and at the n-th it kills
   the process, cuts the write in half, or fails. Compiled and armed by strikes.py. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OFF, COUNT, KILL, KILL_HALF, FAIL, FAIL_ON, SHORT };
#define NAMES 65536

static volatile int mode = OFF, code, failing;
static volatile long nth, count;
static char prefix[4096];
static const char *names[NAMES];

void refuse_arm(int mode_, long nth_, int code_, const char *prefix_) {
    strncpy(prefix, prefix_, sizeof prefix - 1);
    nth = nth_; code = code_; count = 0; failing = 0;
    mode = mode_;
}
long refuse_count(void) { return count; }
const char *refuse_name(long at) { return at < NAMES ? names[at] : "?"; }

static int ours(const char *path) { return path && !strncmp(path, prefix, strlen(prefix)); }
static int ours_fd(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long length = syscall(SYS_readlink, link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return ours(path);
}
static int ours_at(int folder, const char *path) {
    return path && path[0] == '/' ? ours(path) : folder != AT_FDCWD && ours_fd(folder);
}
static void die(void) { syscall(SYS_kill, (long)syscall(SYS_getpid), SIGKILL); for (;;) pause(); }

/* What to do now: 0 go on, 1 fail, 2 do half of it; `takes_room` is what a full disk refuses from now on. */
static int turn(const char *name, int takes_room) {
    if (failing && takes_room) return 1;
    long mine = __sync_add_and_fetch(&count, 1);
    if (mine <= NAMES) names[mine - 1] = name;
    if (mine != nth || mode == COUNT) return 0;
    switch (mode) {
    case KILL: die(); return 0;
    case FAIL: return 1;
    case FAIL_ON: failing = 1; return 1;
    default: return 2; /* KILL_HALF, SHORT */
    }
}
static long no(void) { errno = code; return -1; }

/* A call that is done whole or not at all. */
#define WHOLE(name, mine, room, call)                          \
    do {                                                       \
        int now = mode != OFF && (mine) ? turn(name, room) : 0; \
        if (now == 1) return no();                             \
        long done = (call);                                    \
        if (now == 2 && mode == KILL_HALF) die();              \
        return done;                                           \
    } while (0)

/* A write, of which half may be done. */
#define PARTS(name, mine, length, whole, half)                 \
    do {                                                       \
        int now = mode != OFF && (mine) ? turn(name, 1) : 0;    \
        if (now == 1) return no();                             \
        if (now == 2) {                                        \
            long done = (length) > 1 ? (half) : 0;             \
            if (mode == KILL_HALF) die();                      \
            failing = 1;                                       \
            return done ? done : no();                         \
        }                                                      \
        return (whole);                                        \
    } while (0)

ssize_t write(int fd, const void *data, size_t n) {
    PARTS("write", ours_fd(fd), n, syscall(SYS_write, fd, data, n), syscall(SYS_write, fd, data, n / 2));
}
#define PWRITE(NAME)                                                                                          \
    ssize_t NAME(int fd, const void *data, size_t n, off_t at) {                                              \
        PARTS("write", ours_fd(fd), n, syscall(SYS_pwrite64, fd, data, n, at), syscall(SYS_pwrite64, fd, data, n / 2, at)); \
    }
PWRITE(pwrite)
PWRITE(pwrite64)
ssize_t writev(int fd, const struct iovec *all, int n) {
    PARTS("write", ours_fd(fd), all[0].iov_len, syscall(SYS_writev, fd, all, n),
          syscall(SYS_write, fd, all[0].iov_base, all[0].iov_len / 2));
}
#define SENDFILE(NAME)                                                                                        \
    ssize_t NAME(int out, int in, off_t *at, size_t n) {                                                      \
        PARTS("write", ours_fd(out), n, syscall(SYS_sendfile, out, in, at, n), syscall(SYS_sendfile, out, in, at, (size_t)64)); \
    }
SENDFILE(sendfile)
SENDFILE(sendfile64)
ssize_t copy_file_range(int in, off_t *from, int out, off_t *to, size_t n, unsigned flags) {
    PARTS("write", ours_fd(out), n, syscall(SYS_copy_file_range, in, from, out, to, n, flags),
          syscall(SYS_copy_file_range, in, from, out, to, (size_t)64, flags));
}
#define OPENAT(folder, path, flags)                                                                           \
    mode_t bits = 0;                                                                                          \
    if (flags & (O_CREAT | __O_TMPFILE)) { va_list more; va_start(more, flags); bits = va_arg(more, mode_t); va_end(more); } \
    WHOLE("open", (flags & (O_WRONLY | O_RDWR | O_CREAT)) && ours_at(folder, path), flags & O_CREAT,          \
          syscall(SYS_openat, folder, path, flags, bits))
int open(const char *path, int flags, ...) { OPENAT(AT_FDCWD, path, flags); }
int open64(const char *path, int flags, ...) { OPENAT(AT_FDCWD, path, flags); }
int openat(int folder, const char *path, int flags, ...) { OPENAT(folder, path, flags); }
int openat64(int folder, const char *path, int flags, ...) { OPENAT(folder, path, flags); }
int close(int fd) {
    int now = mode != OFF && ours_fd(fd) ? turn("close", 0) : 0;
    long done = syscall(SYS_close, fd); /* the file is closed even when closing fails */
    if (now == 2 && mode == KILL_HALF) die();
    return now == 1 ? no() : done;
}
int fsync(int fd) { WHOLE("fsync", ours_fd(fd), 1, syscall(SYS_fsync, fd)); }
int fdatasync(int fd) { WHOLE("fsync", ours_fd(fd), 1, syscall(SYS_fdatasync, fd)); }
int truncate(const char *path, off_t n) { WHOLE("truncate", ours(path), 0, syscall(SYS_truncate, path, n)); }
int truncate64(const char *path, off64_t n) { WHOLE("truncate", ours(path), 0, syscall(SYS_truncate, path, n)); }
int ftruncate(int fd, off_t n) { WHOLE("truncate", ours_fd(fd), 0, syscall(SYS_ftruncate, fd, n)); }
int ftruncate64(int fd, off64_t n) { WHOLE("truncate", ours_fd(fd), 0, syscall(SYS_ftruncate, fd, n)); }
int rename(const char *a, const char *b) { WHOLE("rename", ours(b), 0, syscall(SYS_rename, a, b)); }
int renameat(int d, const char *a, int e, const char *b) { WHOLE("rename", ours_at(e, b), 0, syscall(SYS_renameat, d, a, e, b)); }
int chmod(const char *path, mode_t bits) { WHOLE("chmod", ours(path), 0, syscall(SYS_chmod, path, bits)); }
int fchmod(int fd, mode_t bits) { WHOLE("chmod", ours_fd(fd), 0, syscall(SYS_fchmod, fd, bits)); }
int chown(const char *path, uid_t u, gid_t g) { WHOLE("chown", ours(path), 0, syscall(SYS_chown, path, u, g)); }
int mkdir(const char *path, mode_t bits) { WHOLE("mkdir", ours(path), 1, syscall(SYS_mkdir, path, bits)); }
int flock(int fd, int how) { WHOLE("flock", ours_fd(fd), 0, syscall(SYS_flock, fd, how)); }
int unlink(const char *path) { WHOLE("unlink", ours(path), 0, syscall(SYS_unlink, path)); }
int unlinkat(int d, const char *path, int flags) { WHOLE("unlink", ours_at(d, path), 0, syscall(SYS_unlinkat, d, path, flags)); }
int rmdir(const char *path) { WHOLE("rmdir", ours(path), 0, syscall(SYS_rmdir, path)); }
