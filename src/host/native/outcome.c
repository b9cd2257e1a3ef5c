/*
 * Runs a program and ends with its exit code, or with 128+n where signal n ended it. Node tells an end by a real-time
 * signal as success: it has no names for them. Usage: outcome PROGRAM [ARGUMENT...]
 *
 * Signals go to the whole process group, so the program has them already: here none is taken.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **arguments)
{
	sigset_t all, before;
	int status = 0;
	pid_t child;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	child = count > 1 ? fork() : -1;
	if (child == 0) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		execv(arguments[1], arguments + 1);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return 126;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
