#include "storage/registry_json.hpp"

#include "storage/error.hpp"

#include <utility>

namespace larder {

namespace {

using nlohmann::json;

constexpr std::size_t max_depth = 64;
constexpr std::size_t max_values = 200'000;

/// Makes a document of what is kept. The library's own filter looks at all
/// members of an object whenever one of them ends, so that a document of many
/// small ones would take hours.
class selection : public json::json_sax_t {
 public:
  using filter = std::function<bool(std::size_t, const std::string&)>;
  explicit selection(const filter& kept) : kept_(kept) {}

  bool null() override { return put(nullptr); }
  bool boolean(bool v) override { return put(v); }
  bool number_integer(number_integer_t v) override { return put(v); }
  bool number_unsigned(number_unsigned_t v) override { return put(v); }
  bool number_float(number_float_t v, const string_t&) override {
    return put(v);
  }
  bool string(string_t& v) override { return put(std::move(v)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(json::object()); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    if (skipped_ > 0)
      return true;
    skip_next_ = kept_ && !kept_(depth_, name);
    key_ = std::move(name);
    return true;
  }

  bool parse_error(std::size_t at, const std::string&,
                   const nlohmann::detail::exception& e) override {
    if (problem_.empty())
      problem_ = "at byte " + std::to_string(at) + ": " + e.what();
    return false;
  }

  const std::string& problem() const { return problem_; }
  json take() { return std::move(root_); }

 private:
  bool failed() const { return !problem_.empty(); }

  /// True for what is passed over, too; false: that is enough.
  bool put(json value) {
    if (skipped_ > 0 || std::exchange(skip_next_, false))
      return true;
    add(std::move(value));
    return !failed();
  }

  json* add(json value) {
    if (++values_ > max_values)
      problem_ = "more than " + std::to_string(max_values) + " values";
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    auto& in = *open_.back();
    if (in.is_array()) {
      in.push_back(std::move(value));
      return &in.back();
    }
    return &(in[key_] = std::move(value));
  }

  bool open(json empty) {
    if (++depth_ > max_depth) {
      problem_ = "more than " + std::to_string(max_depth) + " levels";
      return false;
    }
    if (skipped_ > 0 || std::exchange(skip_next_, false))
      ++skipped_;
    else
      open_.push_back(add(std::move(empty)));
    return !failed();
  }

  bool close() {
    --depth_;
    if (skipped_ > 0)
      --skipped_;
    else
      open_.pop_back();
    return true;
  }

  const filter& kept_;
  json root_;
  /// The containers that are open and kept. A list that is being filled does
  /// not move: its own list grows only once it is closed.
  std::vector<json*> open_;
  std::size_t depth_ = 0;
  /// Containers that are open and passed over.
  std::size_t skipped_ = 0;
  bool skip_next_ = false;
  std::string key_;
  std::size_t values_ = 0;
  std::string problem_;
};

const json& nothing() {
  static const json value;
  return value;
}

const json& member_of(const json& object, std::string_view member) {
  if (!object.is_object())
    return nothing();
  auto found = object.find(std::string{member});
  return found == object.end() ? nothing() : *found;
}

}  // namespace

caf::expected<json> parse_document(
    std::string_view body, const std::string& where,
    const std::function<bool(std::size_t, const std::string&)>& kept) {
  selection chosen{kept};
  auto good = json::sax_parse(body.begin(), body.end(), &chosen);
  auto root = chosen.take();
  if (good && root.is_object())
    return root;
  auto why = chosen.problem();
  return fail(ec::unavailable,
              where + " does not serve what a registry serves: "
                  + (why.empty() ? "expected a JSON object" : why));
}

std::string text_of(const json& object, const char* member) {
  auto& value = member_of(object, member);
  return value.is_string() ? value.get<std::string>() : std::string{};
}

std::uint64_t number_of(const json& object, const char* member) {
  auto& value = member_of(object, member);
  return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
}

const json& object_of(const json& object, std::string_view member) {
  auto& value = member_of(object, member);
  return value.is_object() ? value : nothing();
}

const json& list_of(const json& object, std::string_view member) {
  auto& value = member_of(object, member);
  return value.is_array() ? value : nothing();
}

std::vector<std::string> texts_of(const json& list) {
  std::vector<std::string> result;
  if (list.is_array())
    for (auto& item : list)
      if (item.is_string())
        result.push_back(item.get<std::string>());
  return result;
}

}  // namespace larder
