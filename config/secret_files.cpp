#include "config/secret_files.hpp"

#include "config/draft.hpp"
#include "config/file_text.hpp"
#include "config/setting_table.hpp"

namespace larder::config {

namespace {

void apply_secret_file(const setting& secret, const setting& file,
                       draft& into) {
  const auto path = print(file, into.values);
  if (path.empty())
    return;
  const std::string name(secret.name);
  const std::string file_name(file.name);
  if (!print(secret, into.values).empty())
    return into.complain(name + into.origin(secret.name) + " and " + file_name
                         + into.origin(file.name)
                         + " are both set; expected one of them");
  auto text = file_text(path);
  if (!text)
    return into.complain(file_name + into.origin(file.name) + ": "
                         + text.error().message);
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r'))
    text->pop_back();
  if (text->empty())
    return into.complain(file_name + into.origin(file.name) + ": " + path
                         + " is empty; expected the value of " + name);
  into.set(secret, *text, path);
}

}  // namespace

void apply_secret_files(draft& into) {
  for (const auto& s : all_settings())
    if (s.secret || s.holds_secret)
      if (const auto* file = find_setting(std::string(s.name) + "_file"))
        apply_secret_file(s, *file, into);
}

}  // namespace larder::config
