/*
 * Makes one system call and tells its error, so that the box can attack itself from a process of its own: what a
 * filter of the kernel refuses is seen only by who calls.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <node_api.h>
#include <unistd.h>

/* attempt(number, argument...) -> number: 0 where the call succeeded, else its errno. At most five arguments. */
static napi_value attempt(napi_env env, napi_callback_info info)
{
	size_t count = 6;
	napi_value arguments[6], result;
	int64_t values[6] = {-1};
	long returned;

	napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
	for (size_t i = 0; i < count && i < 6; i++)
		napi_get_value_int64(env, arguments[i], &values[i]);
	returned = syscall(values[0], values[1], values[2], values[3], values[4], values[5]);
	napi_create_int32(env, returned == -1 ? errno : 0, &result);
	return result;
}

NAPI_MODULE_INIT()
{
	napi_value function;

	napi_create_function(env, "attempt", NAPI_AUTO_LENGTH, attempt, NULL, &function);
	napi_set_named_property(env, exports, "attempt", function);
	return exports;
}
