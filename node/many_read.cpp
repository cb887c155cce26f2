#include "node/many_read.hpp"

#include "node/memory_mget.hpp"
#include "storage/error.hpp"
#include "storage/json.hpp"

#include <utility>

namespace larder {

namespace {

// What a reply has beside its items: the frame of the body, NATS' headers.
constexpr std::size_t frame_bytes = 1'024;

void append_field(std::string& out, const char* name, std::int64_t value) {
  out += ",\"";
  out += name;
  out += "\":";
  out += std::to_string(value);
}

void append_error(std::string& out, const caf::error& why) {
  auto code = code_of(why);
  append_field(out, "status", status_of(code));
  out += ",\"error\":";
  append_json_string(out, name_of(code));
  out += ",\"message\":";
  append_json_string(out, message_of(why));
}

void append_found(std::string& out, const answer& found) {
  append_item(out, *found.value, found.tier);
  if (found.stale) {
    out += ",\"stale\":true";
    append_field(out, "stale_ms", found.stale_for.count());
  }
}

}  // namespace

many_read::many_read(call_ptr c, std::vector<caf::expected<key>> keys,
                     std::uint64_t max_reply_bytes)
    : call_(std::move(c)), keys_(std::move(keys)), slots_(keys_.size()),
      max_reply_bytes_(max_reply_bytes) {}

std::vector<std::size_t>
many_read::take_from_memory(read_view& memory, std::int64_t now,
                            std::int64_t min_revision) {
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (!keys_[i])
      slots_[i].failure = keys_[i].error();
    else if (auto* found = memory.find(*keys_[i], now, min_revision))
      slots_[i].found.value = artifact_ptr{found};
    else
      missing.push_back(i);
  }
  outstanding_ += missing.size();
  return missing;
}

void many_read::found(std::size_t place, answer a) {
  slots_[place].found = std::move(a);
  part_done();
}

void many_read::failed(std::size_t place, const caf::error& why) {
  slots_[place].failure = why;
  part_done();
}

void many_read::part_done() {
  if (--outstanding_ > 0)
    return;
  reply r{.body = body()};
  for (auto& s : slots_)
    if (s.found.value)
      r.counted.push_back(std::move(s.found));
    else if (code_of(s.failure) == ec::not_found)
      ++r.counted_misses;
  call_->answer(call_, std::move(r));
}

std::string many_read::body() const {
  auto room = max_reply_bytes_ > frame_bytes ? max_reply_bytes_ - frame_bytes
                                             : frame_bytes;
  // What is owed to each key at least: its name, a status, a sentence.
  std::size_t owed = 0;
  auto least = [](const caf::expected<key>& k) {
    return (k ? k->type.size() + k->id.size() * 6 : 0) + 160;
  };
  for (auto& k : keys_)
    owed += least(k);
  std::string out = "{\"results\":[";
  std::string item;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    auto begin = [&] {
      item = "{\"type\":";
      append_json_string(item, keys_[i] ? keys_[i]->type : std::string{});
      item += ",\"id\":";
      append_json_string(item, keys_[i] ? keys_[i]->id : std::string{});
    };
    if (slots_[i].found.value) {
      item.clear();
      append_found(item, slots_[i].found);
    } else {
      begin();
      append_error(item, slots_[i].failure);
    }
    owed -= least(keys_[i]);
    if (out.size() + item.size() + owed > room) {
      begin();
      append_error(item, fail(ec::too_large,
                              "the reply is full; ask for this key again"));
    }
    item += i + 1 < keys_.size() ? "}," : "}";
    out += item;
  }
  return out + "]}";
}

}  // namespace larder
