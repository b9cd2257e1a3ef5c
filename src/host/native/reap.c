/*
 * What Node lacks to be an init: a look at children that have ended, the collection of one of them by its pid, and
 * being given orphans without being PID 1. libuv waits only for pids it has started, and waiting for any pid would
 * take its exits away. And signals above 31, which Node leaves as it found them.
 */
#define _GNU_SOURCE
#include <node_api.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* As the kernel has it: the C library's own sigaction refuses the two signals it keeps for itself. */
struct action {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

/* peek() -> number: pid of a child that has ended and still waits, or 0. Takes nothing away. */
static napi_value peek(napi_env env, napi_callback_info info)
{
	siginfo_t child = {0};
	napi_value result;

	(void)info;
	if (waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) != 0)
		child.si_pid = 0;
	napi_create_int32(env, child.si_pid, &result);
	return result;
}

/* collect(pid: number) -> boolean: whether that child was waiting and is now gone. */
static napi_value collect(napi_env env, napi_callback_info info)
{
	size_t count = 1;
	napi_value argument, result;
	int32_t pid = 0;

	napi_get_cb_info(env, info, &count, &argument, NULL, NULL);
	if (count == 1)
		napi_get_value_int32(env, argument, &pid);
	napi_get_boolean(env, pid > 0 && waitpid(pid, NULL, WNOHANG) == pid, &result);
	return result;
}

/* adopt() -> boolean: from now on the kernel gives this process the orphans among its descendants. */
static napi_value adopt(napi_env env, napi_callback_info info)
{
	napi_value result;

	(void)info;
	napi_get_boolean(env, prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, &result);
	return result;
}

/*
 * heed() -> number: how many signals this process had been told to ignore and now does not. glibc's posix_spawn
 * starts programs with 32 and 33 ignored and musl leaves 34 so: an engine started in such a way, by make to name
 * one, hands them down to every container, and every child would get them from here.
 */
static napi_value heed(napi_env env, napi_callback_info info)
{
	uint32_t found = 0;
	napi_value result;

	(void)info;
	for (int number = 32; number <= 64; number++) {
		struct action now = {0}, plain = {0};

		if (syscall(SYS_rt_sigaction, number, NULL, &now, sizeof now.mask) != 0 || now.handler != SIG_IGN)
			continue;
		if (syscall(SYS_rt_sigaction, number, &plain, NULL, sizeof plain.mask) == 0)
			found++;
	}
	napi_create_uint32(env, found, &result);
	return result;
}

NAPI_MODULE_INIT()
{
	napi_value function;

	napi_create_function(env, "peek", NAPI_AUTO_LENGTH, peek, NULL, &function);
	napi_set_named_property(env, exports, "peek", function);
	napi_create_function(env, "collect", NAPI_AUTO_LENGTH, collect, NULL, &function);
	napi_set_named_property(env, exports, "collect", function);
	napi_create_function(env, "adopt", NAPI_AUTO_LENGTH, adopt, NULL, &function);
	napi_set_named_property(env, exports, "adopt", function);
	napi_create_function(env, "heed", NAPI_AUTO_LENGTH, heed, NULL, &function);
	napi_set_named_property(env, exports, "heed", function);
	return exports;
}
