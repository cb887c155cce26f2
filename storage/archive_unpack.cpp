#include "storage/archive_unpack.hpp"

#include "storage/error.hpp"
#include "storage/utf8.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <clocale>

#include <algorithm>
#include <memory>

namespace larder {

namespace {

/// The library reads and converts names by the thread's locale; in any other
/// than a UTF-8 one it could not even say that a name is UTF-8.
class utf8_locale {
 public:
  utf8_locale() : made_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (made_ != nullptr)
      before_ = uselocale(made_);
  }
  ~utf8_locale() {
    if (made_ != nullptr) {
      uselocale(before_);
      freelocale(made_);
    }
  }
  utf8_locale(const utf8_locale&) = delete;
  utf8_locale& operator=(const utf8_locale&) = delete;

 private:
  locale_t made_;
  locale_t before_ = nullptr;
};

struct closer {
  void operator()(archive* a) const { archive_read_free(a); }
};

/// A name as an error sentence may quote it.
std::string quoted(std::string_view name) {
  std::string result = "\"";
  for (std::size_t i = 0; i < name.size() && result.size() < 120;) {
    auto length = utf8_length(name, i);
    if (length == 0 || static_cast<unsigned char>(name[i]) < 0x20) {
      result += '?';
      ++i;
    } else {
      result += name.substr(i, length);
      i += length;
    }
  }
  return result + '"';
}

caf::error refuse(std::string_view name, const char* why) {
  return fail(ec::invalid_request,
              "the archive is refused: its entry " + quoted(name) + " " + why);
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    auto length = utf8_length(text, i);
    if (length == 0)
      return false;
    i += length;
  }
  return true;
}

/// The name as it is kept: without "./" and a slash at the end.
caf::expected<std::string> checked_path(std::string_view name,
                                        const archive_limits& limits) {
  if (name.empty())
    return refuse(name, "has no name");
  if (name.size() > limits.path_bytes)
    return fail(ec::too_large, "the archive is refused: the name of its entry "
                                   + quoted(name) + " is longer than "
                                   + std::to_string(limits.path_bytes)
                                   + " bytes");
  // The library's sign for bytes that it could not convert.
  if (!is_utf8(name) || name.find("\xEF\xBF\xBD") != std::string_view::npos)
    return refuse(name, "has a name that is not UTF-8");
  auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
  if (std::any_of(name.begin(), name.end(), control))
    return refuse(name, "has a control character in its name");
  if (name.front() == '/' || name.front() == '\\'
      || (name.size() > 1 && name[1] == ':'))
    return refuse(name, "has an absolute name");
  std::string path;
  std::uint32_t depth = 0;
  for (std::size_t at = 0; at <= name.size();) {
    auto end = std::min(name.find_first_of("/\\", at), name.size());
    auto part = name.substr(at, end - at);
    at = end + 1;
    if (part == "..")
      return refuse(name, "leads out of the directory (\"..\")");
    if (part.empty() || part == ".")
      continue;
    if (++depth > limits.depth)
      return fail(ec::too_large, "the archive is refused: its entry "
                                     + quoted(name) + " is deeper than "
                                     + std::to_string(limits.depth)
                                     + " directories");
    if (!path.empty())
      path += '/';
    path += part;
  }
  return path;
}

class unpacking {
 public:
  unpacking(std::string_view packed, const archive_limits& limits)
      : packed_(packed), limits_(limits), handle_(archive_read_new()) {}

  caf::expected<unpacked_archive>
  run(const std::function<bool(std::string_view)>& wanted) {
    auto a = handle_.get();
    archive_read_support_filter_gzip(a);
    archive_read_support_format_tar(a);
    archive_read_support_format_zip(a);
    if (archive_read_open_memory(a, packed_.data(), packed_.size())
        != ARCHIVE_OK)
      return broken();
    for (;;) {
      archive_entry* entry = nullptr;
      auto status = archive_read_next_header(a, &entry);
      if (status == ARCHIVE_EOF)
        break;
      if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
        return broken();
      if (auto err = take(entry, wanted))
        return err;
    }
    if (result_.entries == 0)
      return fail(ec::invalid_request,
                  "the archive is refused: there is nothing in it; expected a "
                  "tar or zip file with the package's files");
    return std::move(result_);
  }

 private:
  caf::error take(archive_entry* entry,
                  const std::function<bool(std::string_view)>& wanted) {
    if (++result_.entries > limits_.entries)
      return fail(ec::too_large, "the archive is refused: it has more than "
                                     + std::to_string(limits_.entries)
                                     + " entries");
    auto text = archive_entry_pathname(entry);
    if (text == nullptr)
      return refuse("", "has a name that is not UTF-8");
    auto path = checked_path(text, limits_);
    if (!path)
      return path.error();
    if (archive_entry_symlink(entry) != nullptr
        || archive_entry_filetype(entry) == AE_IFLNK)
      return refuse(text, "is a symbolic link");
    if (archive_entry_hardlink(entry) != nullptr)
      return refuse(text, "is a hard link");
    auto type = archive_entry_filetype(entry);
    if (type == AE_IFDIR)
      return {};
    if (type != AE_IFREG)
      return refuse(text, "is neither a file nor a directory");
    if (archive_entry_sparse_count(entry) > 0)
      return refuse(text, "is a sparse file");
    auto claimed = archive_entry_size_is_set(entry) != 0
                       ? static_cast<std::uint64_t>(
                           std::max<la_int64_t>(0, archive_entry_size(entry)))
                       : 0;
    if (claimed > limits_.bytes - result_.bytes)
      return too_many_bytes();
    auto keep = !path->empty() && claimed <= limits_.kept_file_bytes
                && kept_ < limits_.kept_bytes && wanted(*path);
    return read(std::move(*path), keep);
  }

  /// All bytes are read and counted, also those that nobody wants: what an
  /// entry claims to hold is not what it holds.
  caf::error read(std::string path, bool keep) {
    unpacked_file file{std::move(path), {}};
    for (;;) {
      const void* block = nullptr;
      std::size_t size = 0;
      la_int64_t offset = 0;
      auto status =
          archive_read_data_block(handle_.get(), &block, &size, &offset);
      if (status == ARCHIVE_EOF)
        break;
      if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
        return broken();
      result_.bytes += size;
      if (result_.bytes > limits_.bytes)
        return too_many_bytes();
      auto read = static_cast<std::uint64_t>(
          std::max<la_int64_t>(1, archive_filter_bytes(handle_.get(), -1)));
      if (result_.bytes > limits_.ratio_from
          && result_.bytes / limits_.ratio > read)
        return fail(ec::too_large,
                    "the archive is refused: it unpacks to more than "
                        + std::to_string(limits_.ratio)
                        + " times its own size");
      if (!keep)
        continue;
      if (file.content.size() + size > limits_.kept_file_bytes
          || offset != static_cast<la_int64_t>(file.content.size())) {
        keep = false;
        file.content = {};
        continue;
      }
      file.content.append(static_cast<const char*>(block), size);
    }
    if (keep) {
      kept_ += file.content.size();
      result_.files.push_back(std::move(file));
    }
    return {};
  }

  caf::error too_many_bytes() const {
    return fail(ec::too_large,
                "the archive is refused: it unpacks to more than "
                    + std::to_string(limits_.bytes) + " bytes");
  }

  caf::error broken() const {
    auto why = archive_error_string(handle_.get());
    return fail(ec::invalid_request,
                "the archive cannot be read: "
                    + std::string{why != nullptr ? why : "it is damaged"}
                    + "; expected a tar file (also in gzip) or a zip file");
  }

  std::string_view packed_;
  const archive_limits& limits_;
  std::unique_ptr<archive, closer> handle_;
  unpacked_archive result_;
  std::uint64_t kept_ = 0;
};

}  // namespace

const unpacked_file* unpacked_archive::find(std::string_view path) const {
  auto found = std::find_if(files.begin(), files.end(),
                            [&](auto& file) { return file.path == path; });
  return found == files.end() ? nullptr : &*found;
}

caf::expected<unpacked_archive>
unpack(std::string_view archive, const archive_limits& limits,
       const std::function<bool(std::string_view)>& wanted) {
  utf8_locale names;
  return unpacking{archive, limits}.run(wanted);
}

}  // namespace larder
