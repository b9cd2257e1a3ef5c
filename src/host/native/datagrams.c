/*
 * Takes and answers the datagrams of one IPv4 socket by the batch. Node makes a handful of objects and two system
 * calls of each datagram, which is more work than a resolver has with a name that it knows.
 *
 * A batch lies in slots of memory that JavaScript sees too. It is called once for all of them, and what it has written
 * into a slot when it returns goes back to whom the slot's datagram came from.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <node_api.h>
#include <sys/socket.h>
#include <uv.h>

#define SLOTS 64
/* Octets: a query or an answer that is longer does not travel in one datagram (DNS flag day 2020). */
#define LONGEST 1232
/* Octets of datagrams that may wait for us; the kernel grants what its limit for every user allows. */
static const int receive_buffer = 4 * 1024 * 1024;

static int descriptor = -1;
static uv_poll_t watch;
static napi_env environment;
static napi_ref listener;

static uint8_t slots[SLOTS][LONGEST];
/* Octets in each slot: of the datagram that came, 0 where it was cut short; then of the answer, 0 for none. */
static int32_t lengths[SLOTS];
static struct sockaddr_in peers[SLOTS];
static struct iovec room[SLOTS];
static struct mmsghdr arrived[SLOTS];

static struct mmsghdr message(int slot, struct iovec *octets)
{
	return (struct mmsghdr){.msg_hdr = {
		.msg_name = &peers[slot], .msg_namelen = sizeof peers[slot], .msg_iov = octets, .msg_iovlen = 1}};
}

/* Calls the listener with the number of filled slots.  Returns whether each of them now holds an answer or none. */
static int tell(int count)
{
	napi_handle_scope scope;
	napi_value function, argument, error;
	napi_status status;

	napi_open_handle_scope(environment, &scope);
	napi_get_reference_value(environment, listener, &function);
	napi_create_int32(environment, count, &argument);
	status = napi_make_callback(environment, NULL, function, function, 1, &argument, NULL);
	if (status == napi_pending_exception && napi_get_and_clear_last_exception(environment, &error) == napi_ok)
		napi_fatal_exception(environment, error);
	napi_close_handle_scope(environment, scope);
	return status == napi_ok;
}

/*
 * Sends what the slots hold. Where the kernel has no room the rest is lost, as it would be in a full queue: who asked
 * asks again. An answer that can't be sent for another reason, to port 0 for one, keeps back none of the others.
 */
static void answer(int count)
{
	struct iovec octets[SLOTS];
	struct mmsghdr answers[SLOTS];
	int ready = 0;

	for (int i = 0; i < count; i++) {
		if (lengths[i] <= 0 || lengths[i] > LONGEST)
			continue;
		octets[ready] = (struct iovec){slots[i], (size_t)lengths[i]};
		answers[ready] = message(i, &octets[ready]);
		ready++;
	}
	for (int done = 0; done < ready;) {
		int sent = sendmmsg(descriptor, answers + done, (unsigned int)(ready - done), MSG_DONTWAIT);

		if (sent < 0 && errno == EAGAIN)
			return;
		done += sent > 0 ? sent : 1;
	}
}

/*
 * One batch for each turn of the loop, however many datagrams wait: others live in this loop too. It is called again
 * as long as there are more.
 */
static void receive(uv_poll_t *poll, int status, int events)
{
	int count = recvmmsg(descriptor, arrived, SLOTS, MSG_DONTWAIT, NULL);

	(void)events;
	/* The socket held an error, which the call above took away, and libuv has stopped to look. */
	if (status < 0)
		uv_poll_start(poll, UV_READABLE, receive);
	for (int i = 0; i < count; i++) {
		struct msghdr *head = &arrived[i].msg_hdr;
		int is_whole = (head->msg_flags & MSG_TRUNC) == 0 && head->msg_namelen == sizeof peers[i]
			&& peers[i].sin_family == AF_INET;

		lengths[i] = is_whole ? (int32_t)arrived[i].msg_len : 0;
		head->msg_namelen = sizeof peers[i];
	}
	if (count > 0 && tell(count))
		answer(count);
}

/* A poll that outlives its environment would call into nothing. */
static void stop(void *nothing)
{
	(void)nothing;
	uv_poll_stop(&watch);
}

/* Returns whether the socket is watched from now on. */
static int start(napi_env env, int32_t fd)
{
	uv_loop_t *loop;

	if (descriptor >= 0 || napi_get_uv_event_loop(env, &loop) != napi_ok || uv_poll_init(loop, &watch, fd) != 0)
		return 0;
	environment = env;
	descriptor = fd;
	for (int i = 0; i < SLOTS; i++) {
		room[i] = (struct iovec){slots[i], LONGEST};
		arrived[i] = message(i, &room[i]);
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
	return uv_poll_start(&watch, UV_READABLE, receive) == 0 && napi_add_env_cleanup_hook(env, stop, NULL) == napi_ok;
}

/*
 * open(fd: number, listener: (count: number) => void) -> {slots: Buffer, lengths: Int32Array}: the memory of all slots,
 * one behind the other, and the octets in each. Once a process: throws the second time, and where fd can't be watched.
 */
static napi_value open_socket(napi_env env, napi_callback_info info)
{
	size_t count = 2;
	napi_value arguments[2], result, value;
	int32_t fd = -1;

	napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
	napi_get_value_int32(env, arguments[0], &fd);
	if (!start(env, fd) || napi_create_reference(env, arguments[1], 1, &listener) != napi_ok) {
		napi_throw_error(env, NULL, "the resolver's datagrams can't be read");
		return NULL;
	}
	napi_create_object(env, &result);
	napi_create_external_buffer(env, sizeof slots, slots, NULL, NULL, &value);
	napi_set_named_property(env, result, "slots", value);
	napi_create_external_arraybuffer(env, lengths, sizeof lengths, NULL, NULL, &value);
	napi_create_typedarray(env, napi_int32_array, SLOTS, value, 0, &value);
	napi_set_named_property(env, result, "lengths", value);
	return result;
}

/* sender(slot: number) -> number: whom the datagram in it came from; the address above 16 bits of the port. */
static napi_value sender(napi_env env, napi_callback_info info)
{
	size_t count = 1;
	napi_value argument, result;
	const struct sockaddr_in *peer;
	uint32_t slot = 0;

	napi_get_cb_info(env, info, &count, &argument, NULL, NULL);
	napi_get_value_uint32(env, argument, &slot);
	peer = &peers[slot % SLOTS];
	napi_create_int64(env, (int64_t)ntohl(peer->sin_addr.s_addr) << 16 | ntohs(peer->sin_port), &result);
	return result;
}

/* send(answer: Buffer, peer: number): one answer, to whom `sender` told. Lost where the kernel does not take it. */
static napi_value send_one(napi_env env, napi_callback_info info)
{
	size_t count = 2, size = 0;
	napi_value arguments[2];
	void *octets = NULL;
	int64_t peer = 0;
	struct sockaddr_in to = {.sin_family = AF_INET};

	napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
	napi_get_buffer_info(env, arguments[0], &octets, &size);
	napi_get_value_int64(env, arguments[1], &peer);
	to.sin_addr.s_addr = htonl((uint32_t)(peer >> 16));
	to.sin_port = htons((uint16_t)peer);
	if (size > 0 && size <= LONGEST)
		(void)sendto(descriptor, octets, size, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof to);
	return NULL;
}

NAPI_MODULE_INIT()
{
	napi_property_descriptor calls[] = {
		{"open", NULL, open_socket, NULL, NULL, NULL, napi_default, NULL},
		{"sender", NULL, sender, NULL, NULL, NULL, napi_default, NULL},
		{"send", NULL, send_one, NULL, NULL, NULL, napi_default, NULL},
	};

	napi_define_properties(env, exports, sizeof calls / sizeof *calls, calls);
	return exports;
}
