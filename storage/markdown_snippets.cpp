#include "storage/markdown_snippets.hpp"

#include "storage/code_language.hpp"
#include "storage/text_lines.hpp"

#include <md4c.h>

#include <algorithm>
#include <limits>

namespace larder {

namespace {

struct reading {
  std::string_view text;
  std::uint32_t first_line = 1;
  std::string_view language;
  std::vector<package_snippet> found;
  std::string heading;
  package_snippet block;
  bool in_heading = false;
  bool in_code = false;
  /// Where lines begin, as far as they were looked for.
  std::size_t counted_to = 0;
  std::uint32_t lines = 0;

  /// The library hands out pieces of the text itself, in its order.
  std::uint32_t line_at(const char* piece) {
    auto at = static_cast<std::size_t>(piece - text.data());
    if (at < counted_to) {
      counted_to = 0;
      lines = 0;
    }
    lines += static_cast<std::uint32_t>(
        std::count(text.begin() + static_cast<std::ptrdiff_t>(counted_to),
                   text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
    counted_to = at;
    return first_line + lines;
  }

  bool owns(const char* piece) const {
    return std::less_equal<>{}(text.data(), piece)
           && std::less<>{}(piece, text.data() + text.size());
  }
};

// Nothing may be thrown through the library.
template <class F>
int guarded(F f) {
  try {
    f();
    return 0;
  } catch (...) {
    return 1;
  }
}

int enter_block(MD_BLOCKTYPE type, void* detail, void* to) {
  auto& r = *static_cast<reading*>(to);
  return guarded([&] {
    if (type == MD_BLOCK_H) {
      r.in_heading = true;
      r.heading.clear();
    } else if (type == MD_BLOCK_CODE) {
      auto& code = *static_cast<MD_BLOCK_CODE_DETAIL*>(detail);
      r.in_code = true;
      r.block = {};
      r.block.title = r.heading;
      r.block.language =
          code.info.size > 0
              ? language_of_fence({code.info.text, code.info.size})
              : std::string{r.language};
    }
  });
}

int leave_block(MD_BLOCKTYPE type, void*, void* to) {
  auto& r = *static_cast<reading*>(to);
  return guarded([&] {
    if (type == MD_BLOCK_H) {
      r.in_heading = false;
      r.heading = trimmed(r.heading);
    } else if (type == MD_BLOCK_CODE) {
      r.in_code = false;
      if (!is_blank(r.block.code))
        r.found.push_back(std::move(r.block));
    }
  });
}

int pass_span(MD_SPANTYPE, void*, void*) {
  return 0;
}

int take_text(MD_TEXTTYPE type, const MD_CHAR* piece, MD_SIZE size, void* to) {
  auto& r = *static_cast<reading*>(to);
  return guarded([&] {
    if (r.in_code) {
      if (r.block.line == 0 && r.owns(piece))
        r.block.line = r.line_at(piece);
      r.block.code.append(piece, size);
    } else if (r.in_heading && type != MD_TEXT_HTML) {
      if (type == MD_TEXT_SOFTBR || type == MD_TEXT_BR)
        r.heading += ' ';
      else if (r.heading.size() < 200)
        r.heading.append(piece, size);
    }
  });
}

}  // namespace

std::vector<package_snippet> markdown_snippets(std::string_view text,
                                               std::uint32_t first_line,
                                               std::string_view language) {
  reading r;
  r.text = text;
  r.first_line = first_line;
  r.language = language;
  MD_PARSER parser{};
  parser.flags = MD_FLAG_TABLES | MD_FLAG_NOHTMLSPANS;
  parser.enter_block = enter_block;
  parser.leave_block = leave_block;
  parser.enter_span = pass_span;
  parser.leave_span = pass_span;
  parser.text = take_text;
  if (text.size() <= std::numeric_limits<MD_SIZE>::max())
    md_parse(text.data(), static_cast<MD_SIZE>(text.size()), &parser, &r);
  return std::move(r.found);
}

}  // namespace larder
