#include "storage/nats_message.hpp"

#include "storage/nats_handles.hpp"

#include <charconv>

namespace larder::nats {

namespace {

std::string_view text(const char* s) {
  return s == nullptr ? std::string_view{} : std::string_view{s};
}

}  // namespace

void message::drop::operator()(void* raw) const {
  natsMsg_Destroy(static_cast<natsMsg*>(raw));
}

std::string_view message::subject() const {
  auto m = static_cast<natsMsg*>(raw_.get());
  return m ? text(natsMsg_GetSubject(m)) : std::string_view{};
}

std::string_view message::reply() const {
  auto m = static_cast<natsMsg*>(raw_.get());
  return m ? text(natsMsg_GetReply(m)) : std::string_view{};
}

std::string_view message::data() const {
  auto m = static_cast<natsMsg*>(raw_.get());
  if (m == nullptr)
    return {};
  return {natsMsg_GetData(m),
          static_cast<std::size_t>(natsMsg_GetDataLength(m))};
}

std::optional<std::string_view> message::header(const char* name) const {
  auto m = static_cast<natsMsg*>(raw_.get());
  const char* value = nullptr;
  if (m == nullptr || natsMsgHeader_Get(m, name, &value) != NATS_OK
      || value == nullptr)
    return std::nullopt;
  return value;
}

int message::status() const {
  auto value = header("Status");
  int out = 0;
  if (value)
    std::from_chars(value->data(), value->data() + value->size(), out);
  return out;
}

std::string_view message::description() const {
  return header("Description").value_or(std::string_view{});
}

bool message::is_no_responders() const {
  auto m = static_cast<natsMsg*>(raw_.get());
  return m != nullptr && natsMsg_IsNoResponders(m);
}

}  // namespace larder::nats
