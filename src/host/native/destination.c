/*
 * What Node lacks to be a transparent proxy: where a connection was going before the kernel redirected it to us.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <node_api.h>
#include <sys/socket.h>

/* Of linux/netfilter_ipv4.h, which needs the kernel's headers and clashes with those of the C library. */
#define SO_ORIGINAL_DST 80

/* Nobody redirected a connection that arrived where it was going; then the kernel knows no original, or ours. */
static int was_redirected(int fd, struct sockaddr_in *original)
{
	struct sockaddr_in local;
	socklen_t size = sizeof *original;

	if (getsockopt(fd, IPPROTO_IP, SO_ORIGINAL_DST, original, &size) != 0)
		return 0;
	if (size != sizeof *original || original->sin_family != AF_INET)
		return 0;
	size = sizeof local;
	if (getsockname(fd, (struct sockaddr *)&local, &size) != 0 || local.sin_family != AF_INET)
		return 0;
	return original->sin_addr.s_addr != local.sin_addr.s_addr || original->sin_port != local.sin_port;
}

/* original(fd: number) -> {address: string, port: number}, or null where the connection was not redirected. */
static napi_value original(napi_env env, napi_callback_info info)
{
	size_t count = 1;
	napi_value argument, result, value;
	struct sockaddr_in destination = {0};
	char address[INET_ADDRSTRLEN];
	int32_t fd = -1;

	napi_get_cb_info(env, info, &count, &argument, NULL, NULL);
	if (count == 1)
		napi_get_value_int32(env, argument, &fd);
	if (fd < 0 || !was_redirected(fd, &destination)
	    || inet_ntop(AF_INET, &destination.sin_addr, address, sizeof address) == NULL) {
		napi_get_null(env, &result);
		return result;
	}
	napi_create_object(env, &result);
	napi_create_string_utf8(env, address, NAPI_AUTO_LENGTH, &value);
	napi_set_named_property(env, result, "address", value);
	napi_create_uint32(env, ntohs(destination.sin_port), &value);
	napi_set_named_property(env, result, "port", value);
	return result;
}

NAPI_MODULE_INIT()
{
	napi_value function;

	napi_create_function(env, "original", NAPI_AUTO_LENGTH, original, NULL, &function);
	napi_set_named_property(env, exports, "original", function);
	return exports;
}
