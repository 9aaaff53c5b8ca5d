// SPDX-License-Identifier: MIT
// Runs a peer program against a flight.
#include "base/error.h"
#include "base/fs.h"
#include "certs/peers/flight.h"
#include "certs/peers/stacks.h"

#include <openssl/bio.h>
#include <openssl/pem.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int peer_path(enum stack stack, const char *peers, char out[PATH_MAX])
{
    char program[40];
    snprintf(program, sizeof program, "peer_%s", stack_words[stack]);
    return fs_join(out, PATH_MAX, peers, program);
}

static int spawn(const char *const *argv, int out_fd, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    if (out_fd < 0) {
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    } else {
        posix_spawn_file_actions_adddup2(&actions, out_fd, 1);
    }
    int errnum = posix_spawn(pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (errnum != 0) {
        FAIL(ERR_SPAWN, "%s cannot be started: %s; build the target 'stack_peers'", argv[0],
             strerror(errnum));
    }
    return 0;
}

static EVP_PKEY *read_key(const struct chain *chain)
{
    BIO *bio = BIO_new_mem_buf(chain->key_pem.data, (int)chain->key_pem.len);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    return key;
}

static const char *word_of(const struct flight_result *result, char scratch[40])
{
    static const char *const words[] = {
        [FLIGHT_ACCEPTED] = "accept", [FLIGHT_SILENT] = "silent", [FLIGHT_STUCK] = "stuck"};
    if (result->end != FLIGHT_ALERT) {
        return words[result->end];
    }
    snprintf(scratch, 40, "alert_%u", result->alert);
    return chain_alert_word(result->alert) ? chain_alert_word(result->alert) : scratch;
}

static int serve(int fd, const struct chain *chain, EVP_PKEY *key, char out[40])
{
    struct flight flight = {.certs = chain->sent_der, .cert_count = chain->sent_count, .key = key};
    struct flight_result result;
    char scratch[40];
    TRY(flight_serve(fd, &flight, &result));
    snprintf(out, 40, "%s", word_of(&result, scratch));
    return 0;
}

// A program that fell over is no verdict.
static int check_exit(const char *path, int status)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        return 0;
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL) {
        FAIL(ERR_PROTOCOL, "%s ended by signal %d", path, WTERMSIG(status));
    }
    return WIFSIGNALED(status) ? 0 : error_set(ERR_PROTOCOL, "%s could not begin", path);
}

static int run(const char *path, const char *roots, const char *host, const struct chain *chain,
               EVP_PKEY *key, bool is_loud, char out[40])
{
    int ends[2];
    pid_t pid = 0;
    char fd_text[16];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0 ||
        fcntl(ends[0], F_SETFD, FD_CLOEXEC) != 0) {
        FAIL(ERR_IO, "no socket: %s", strerror(errno));
    }
    snprintf(fd_text, sizeof fd_text, "%d", ends[1]);
    const char *argv[] = {path, fd_text, roots, host, NULL};
    int code = spawn(argv, is_loud ? 1 : -1, &pid);
    close(ends[1]);
    if (code == 0) {
        int status = 0;
        code = serve(ends[0], chain, key, out);
        if (code == 0 && strcmp(out, "stuck") == 0) {
            kill(pid, SIGKILL);
        }
        shutdown(ends[0], SHUT_RDWR); // ends the handshake of those that went on
        waitpid(pid, &status, 0);
        int ended = check_exit(path, status);
        code = ended < 0 ? ended : code;
    }
    close(ends[0]);
    return code;
}

int stack_measure(enum stack stack, const char *peers, const struct chain *chain, const char *host,
                  bool is_loud, char out[40])
{
    char path[PATH_MAX], roots[] = "/tmp/hubrig-roots-XXXXXX";
    TRY(peer_path(stack, peers, path));
    EVP_PKEY *key = read_key(chain);
    ENSURE(key != NULL, ERR_CRYPTO);
    int fd = mkstemp(roots);
    int code = fd < 0 ? error_set(ERR_IO, "no temporary file: %s", strerror(errno))
                      : fs_write_file(roots, buf_span(&chain->root_pem), 0600);
    if (code == 0) {
        code = run(path, roots, host, chain, key, is_loud, out);
    }
    if (fd >= 0) {
        close(fd);
        unlink(roots);
    }
    EVP_PKEY_free(key);
    return code;
}

int stack_version(enum stack stack, const char *peers, char out[80])
{
    char path[PATH_MAX];
    int ends[2];
    pid_t pid = 0;
    TRY(peer_path(stack, peers, path));
    ENSURE(pipe2(ends, O_CLOEXEC) == 0, ERR_IO);
    const char *argv[] = {path, "--version", NULL};
    int code = spawn(argv, ends[1], &pid);
    close(ends[1]);
    if (code == 0) {
        ssize_t len = read(ends[0], out, 79);
        out[len > 0 ? len : 0] = '\0';
        out[strcspn(out, "\n")] = '\0';
        waitpid(pid, NULL, 0);
    }
    close(ends[0]);
    return code;
}
