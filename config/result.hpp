// What a function of config/ that can fail gives back: the value, or sentences
// for the operator. Its own type, because config/ stands below the folder that
// defines the project's error codes; `node/` turns it into exit code 78.
//
// Thread rule: values, no state.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace larder::config {

struct config_error {
  /// One problem a line: where, what is wrong, what was expected.
  std::string message;
};

template <class T>
class [[nodiscard]] result {
 public:
  result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  result(config_error error)
      : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  /// The value; throws `std::bad_variant_access` when there is none.
  T& operator*() { return std::get<0>(state_); }
  const T& operator*() const { return std::get<0>(state_); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }

  /// The error; throws `std::bad_variant_access` when there is a value.
  const config_error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, config_error> state_;
};

}  // namespace larder::config
