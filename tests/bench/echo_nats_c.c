/* A bare echo responder on nats.c: its event-loop calls, one thread, one write
   for all that one read brought. What a memory hit is measured against.

     larder_echo_nats_c URL SUBJECT */
#include <nats/nats.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/epoll.h>

struct loop {
  int poll;
  int socket;
  bool wants_write;
  natsConnection* connection;
};

static natsStatus attach(void** self, void* loop, natsConnection* connection,
                         natsSock socket) {
  struct loop* l = loop;
  struct epoll_event event = {.events = EPOLLIN};
  *self = l;
  l->connection = connection;
  l->socket = (int)socket;
  epoll_ctl(l->poll, EPOLL_CTL_ADD, l->socket, &event);
  return NATS_OK;
}

static natsStatus want_read(void* self, bool add) {
  struct loop* l = self;
  if (!add)
    epoll_ctl(l->poll, EPOLL_CTL_DEL, l->socket, NULL);
  return NATS_OK;
}

static natsStatus want_write(void* self, bool add) {
  ((struct loop*)self)->wants_write = add;
  return NATS_OK;
}

static natsStatus detach(void* self) {
  (void)self;
  return NATS_OK;
}

int main(int argc, char** argv) {
  if (argc != 3) {
    fputs("usage: larder_echo_nats_c URL SUBJECT\n", stderr);
    return 2;
  }
  struct loop l = {.poll = epoll_create1(EPOLL_CLOEXEC)};
  natsOptions* options = NULL;
  natsConnection* connection = NULL;
  natsSubscription* subscription = NULL;
  natsStatus s = natsOptions_Create(&options);
  if (s == NATS_OK)
    s = natsOptions_SetURL(options, argv[1]);
  if (s == NATS_OK)
    s = natsOptions_SetSendAsap(options, true);
  if (s == NATS_OK)
    s = natsOptions_SetEventLoop(options, &l, attach, want_read, want_write,
                                 detach);
  if (s == NATS_OK)
    s = natsConnection_Connect(&connection, options);
  if (s == NATS_OK)
    s = natsConnection_SubscribeSync(&subscription, connection, argv[2]);
  if (s != NATS_OK) {
    fprintf(stderr, "larder_echo_nats_c: %s\n", natsStatus_GetText(s));
    return 1;
  }
  for (;;) {
    if (l.wants_write)
      natsConnection_ProcessWriteEvent(connection);
    struct epoll_event event;
    if (epoll_wait(l.poll, &event, 1, l.wants_write ? 1 : 1000) == 1)
      natsConnection_ProcessReadEvent(connection);
    natsMsg* m = NULL;
    while (natsSubscription_NextMsg(&m, subscription, 0) == NATS_OK) {
      natsConnection_Publish(connection, natsMsg_GetReply(m),
                             natsMsg_GetData(m), natsMsg_GetDataLength(m));
      natsMsg_Destroy(m);
    }
    if (natsConnection_IsClosed(connection))
      return 0;
  }
}
