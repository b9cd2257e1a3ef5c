/*
 * What Node lacks to change a set of the kernel's packet filter without starting a program: netlink. It carries octets
 * and judges none of them: the batch and what the answers mean are not its business.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <node_api.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
/* Needs the types of the C library's socket.h first. */
#include <linux/netlink.h>

/* An error without the request it answers has 36 octets. */
#define LONGEST 256
/* An answer for each message of a batch, and one for the batch. */
#define MOST 16
/* Milliseconds. The kernel has answered by the time it has taken a batch: this is for one that has not. */
#define PATIENCE 500

/*
 * Respawned: the kernel lets nobody close one before it has done with what was deleted, and that takes milliseconds. After
 * any error it is closed, so that nothing late can be read from it.
 */
static int channel = -1;

static int open_channel(void)
{
	struct sockaddr_nl self = {.nl_family = AF_NETLINK}, kernel = {.nl_family = AF_NETLINK};
	int yes = 1;

	if (channel >= 0)
		return 0;
	channel = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
	if (channel < 0)
		return errno;
	/* Connected to the kernel, it takes nothing from other processes. */
	if (setsockopt(channel, SOL_NETLINK, NETLINK_CAP_ACK, &yes, sizeof yes) != 0
	    || bind(channel, (struct sockaddr *)&self, sizeof self) != 0
	    || connect(channel, (struct sockaddr *)&kernel, sizeof kernel) != 0)
		return errno;
	return 0;
}

static int send_batch(const void *batch, size_t size)
{
	struct pollfd answered = {.fd = channel, .events = POLLIN};
	char old[LONGEST];

	while (recv(channel, old, sizeof old, 0) >= 0)
		;
	if (errno != EAGAIN)
		return errno;
	if (send(channel, batch, size, 0) != (ssize_t)size)
		return errno;
	return poll(&answered, 1, PATIENCE) == 1 ? 0 : ETIMEDOUT;
}

/* Appends {from, octets} for each answer that waits. */
static int take_answers(napi_env env, napi_value list)
{
	for (uint32_t count = 0; count < MOST; count++) {
		struct sockaddr_nl sender = {0};
		socklen_t length = sizeof sender;
		char octets[LONGEST];
		napi_value answer, value;
		ssize_t size = recvfrom(channel, octets, sizeof octets, 0, (struct sockaddr *)&sender, &length);

		if (size < 0)
			return errno == EAGAIN ? 0 : errno;
		if (napi_create_object(env, &answer) != napi_ok
		    || napi_create_uint32(env, sender.nl_pid, &value) != napi_ok
		    || napi_set_named_property(env, answer, "from", value) != napi_ok
		    || napi_create_buffer_copy(env, (size_t)size, octets, NULL, &value) != napi_ok
		    || napi_set_named_property(env, answer, "octets", value) != napi_ok
		    || napi_set_element(env, list, count, answer) != napi_ok)
			return ENOMEM;
	}
	return EMSGSIZE;
}

/* exchange(batch: Uint8Array) -> {from: number, octets: Buffer}[], or the number of an error. */
static napi_value exchange(napi_env env, napi_callback_info info)
{
	size_t count = 1, size = 0;
	void *batch = NULL;
	napi_value argument, result;
	int error;

	napi_get_cb_info(env, info, &count, &argument, NULL, NULL);
	if (count != 1 || napi_get_buffer_info(env, argument, &batch, &size) != napi_ok)
		error = EINVAL;
	else if (napi_create_array(env, &result) != napi_ok)
		error = ENOMEM;
	else if ((error = open_channel()) == 0 && (error = send_batch(batch, size)) == 0)
		error = take_answers(env, result);
	if (error == 0)
		return result;
	if (channel >= 0)
		close(channel);
	channel = -1;
	napi_create_int32(env, error, &result);
	return result;
}

NAPI_MODULE_INIT()
{
	napi_value function;

	napi_create_function(env, "exchange", NAPI_AUTO_LENGTH, exchange, NULL, &function);
	napi_set_named_property(env, exports, "exchange", function);
	return exports;
}
