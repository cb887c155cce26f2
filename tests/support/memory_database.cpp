#include "storage/json.hpp"
#include "storage/utf8.hpp"
#include "tests/support/memory_state.hpp"

namespace larder::test {

namespace {

bool is_text(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    auto length = utf8_length(bytes, at);
    if (length == 0 || bytes[at] == '\0')
      return false;
    at += length;
  }
  return true;
}

}  // namespace

caf::expected<version_info>
memory_database::state::write(const write_request& w) {
  auto bad_tag =
      w.tags && !std::all_of(w.tags->begin(), w.tags->end(), is_text);
  if (!is_text(w.key.type) || !is_text(w.key.id) || bad_tag
      || !is_text(w.content.value_or("")))
    return fail(ec::invalid_request, "NUL or bytes that are not UTF-8");
  if (w.metadata && !check_json_object(*w.metadata, 64))
    return fail(ec::invalid_request, "the metadata is not a JSON object");
  if (is_locked(w.key))
    return fail(ec::deadline_exceeded,
                "another transaction holds this key; nothing was written");
  auto row = rows.find(w.key);
  auto there = row != rows.end();
  auto current = there ? info_of(w.key).revision : 0;
  if (w.expected_revision && *w.expected_revision != current)
    return conflict(current,
                    "the current revision is " + std::to_string(current));
  if (!w.content) {
    if (!there)
      return fail(ec::not_found, "there is no such key to delete");
    rows.erase(row);
    return note(w.key, true);
  }
  auto& to = rows[w.key];
  if (w.metadata)
    to.metadata = *w.metadata;
  if (w.tags)
    to.tags = *w.tags;
  return store(w.key, *w.content);
}

memory_database::memory_database(clock now)
    : state_(std::make_unique<state>()) {
  state_->now = std::move(now);
}

memory_database::~memory_database() = default;

void memory_database::fail_next(ec code, std::uint32_t times) {
  with([&](state& s) {
    s.next_failure = code;
    s.failures_left = times;
  });
}

void memory_database::set_available(bool available) {
  with([&](state& s) { s.available = available; });
}

void memory_database::doubt_next_write(in_doubt outcome) {
  with([&](state& s) { s.doubt = outcome; });
}

std::uint64_t memory_database::query_count() const {
  auto c = queries();
  return c.get + c.revisions + c.write + c.list + c.scan + c.count_usage
         + c.outbox + c.fingerprints;
}

query_counts memory_database::queries() const {
  return with([](state& s) { return s.counts; });
}

version_info memory_database::put(const key& key, std::string content) {
  return with([&](state& s) {
    if (s.is_locked(key))
      return version_info{};
    return s.store(key, std::move(content));
  });
}

bool memory_database::erase(const key& key) {
  return with([&](state& s) {
    if (s.is_locked(key) || s.rows.erase(key) == 0)
      return false;
    s.note(key, true);
    return true;
  });
}

bool memory_database::rename(const key& from, const key& to) {
  return with([&](state& s) {
    if (s.is_locked(from) || s.is_locked(to) || s.rows.count(from) == 0
        || s.rows.count(to) != 0)
      return false;
    auto node = s.rows.extract(from);
    node.key() = to;
    s.rows.insert(std::move(node));
    s.note(from, true);
    s.note(to, false);
    return true;
  });
}

void memory_database::truncate() {
  with([](state& s) {
    s.open.clear();
    s.rows.clear();
    s.outbox.clear();
    ++s.counter;
    for (auto& [k, row] : s.revisions) {
      if (row.deleted)
        continue;
      row.revision = ++s.sequence;
      row.deleted = true;
      row.changed_at = s.now();
    }
  });
}

std::uint64_t memory_database::begin_put(const key& key, std::string content) {
  return with([&](state& s) {
    state::change what{key, ++s.sequence, s.info_of(key).version + 1, false};
    s.open[++s.last_transaction] = {++s.outbox_sequence, what,
                                    std::move(content)};
    return s.last_transaction;
  });
}

void memory_database::commit(std::uint64_t transaction) {
  with([&](state& s) {
    auto node = s.open.extract(transaction);
    if (node.empty())
      return;
    auto& t = node.mapped();
    s.rows[t.what.key].content = std::move(t.content);
    s.revisions[t.what.key] = {t.what.revision, t.what.version, false, s.now()};
    s.outbox[t.outbox_id] = t.what;
  });
}

void memory_database::roll_back(std::uint64_t transaction) {
  with([&](state& s) { s.open.erase(transaction); });
}

std::shared_ptr<const memory_database::backup>
memory_database::back_up() const {
  return with([](state& s) {
    auto result = std::make_shared<backup>();
    result->contents = s;
    return std::shared_ptr<const backup>{std::move(result)};
  });
}

void memory_database::restore(const backup& from) {
  with([&](state& s) {
    static_cast<memory_contents&>(s) = from.contents;
    s.open.clear();
    ++s.timeline;
  });
}

larder::epoch memory_database::current_epoch() const {
  return with([](state& s) { return s.epoch(); });
}

std::uint64_t memory_database::usage_of(const key& key) const {
  return with([&](state& s) {
    auto i = s.rows.find(key);
    return i == s.rows.end() ? std::uint64_t{0} : i->second.usage;
  });
}

std::string memory_database::metadata_of(const key& key) const {
  return with([&](state& s) {
    auto i = s.rows.find(key);
    return i == s.rows.end() ? std::string{} : i->second.metadata;
  });
}

std::vector<std::string> memory_database::tags_of(const key& key) const {
  return with([&](state& s) {
    auto i = s.rows.find(key);
    return i == s.rows.end() ? std::vector<std::string>{} : i->second.tags;
  });
}

}  // namespace larder::test
