// A PostgreSQL array in its text form, `{"a",NULL,"b"}`: how a batch becomes
// one parameter.
//
// Used by the stores on PostgreSQL.
//
// Thread rule: a value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace larder {

class postgres_array {
 public:
  void reserve(std::size_t bytes) { text_.reserve(bytes); }

  /// Adds any bytes but NUL, which PostgreSQL's text cannot hold.
  void add(std::string_view element) {
    next();
    text_ += '"';
    while (true) {
      auto special = element.find_first_of("\"\\");
      text_ += element.substr(0, special);
      if (special == std::string_view::npos)
        break;
      text_ += '\\';
      text_ += element[special];
      element.remove_prefix(special + 1);
    }
    text_ += '"';
  }

  void add(std::int64_t number) {
    next();
    text_ += std::to_string(number);
  }

  void add_null() {
    next();
    text_ += "NULL";
  }

  /// The finished array; the builder is empty afterwards.
  std::string take() {
    text_ += text_.empty() ? "{}" : "}";
    auto result = std::move(text_);
    text_.clear();
    return result;
  }

 private:
  void next() { text_ += text_.empty() ? '{' : ','; }

  std::string text_;
};

}  // namespace larder
