#include "node/cli/load_source.hpp"

#include "node/cli/json_slices.hpp"
#include "storage/error.hpp"
#include "storage/json.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <system_error>
#include <utility>
#include <vector>

namespace larder::cli {

namespace fs = std::filesystem;

namespace {

// Deep enough for any template, and the node has a limit of its own.
constexpr std::uint32_t max_depth = 1'000;

caf::error unreadable(const std::string& path, const std::string& why) {
  return fail(ec::invalid_request, "cannot read " + path + ": " + why);
}

class directory_source : public load_source {
 public:
  directory_source(fs::path root, std::vector<fs::path> files)
      : root_(std::move(root)), files_(std::move(files)) {}

  std::uint64_t total() const override { return files_.size(); }

  std::optional<load_result> next() override {
    if (at_ == files_.size())
      return std::nullopt;
    auto& path = files_[at_++];
    return load_result{path.string(), read(path)};
  }

 private:
  caf::expected<load_item> read(const fs::path& path) const {
    auto relative = path.lexically_relative(root_);
    if (relative.extension() != ".json" || !relative.has_parent_path())
      return fail(ec::invalid_request,
                  "expected the form TYPE/ID.json within the directory");
    auto type = relative.begin()->string();
    auto id = relative.lexically_relative(type).generic_string();
    auto name = make_key(type, std::string_view{id}.substr(0, id.size() - 5));
    if (!name)
      return std::move(name.error());
    std::ifstream file{path, std::ios::binary};
    if (!file)
      return unreadable(path.string(), std::strerror(errno));
    load_item item{path.string(), std::move(*name), {}, {}, {}};
    item.content.assign(std::istreambuf_iterator<char>{file}, {});
    if (file.bad())
      return unreadable(path.string(), "input error");
    return item;
  }

  fs::path root_;
  std::vector<fs::path> files_;
  std::size_t at_ = 0;
};

class line_source : public load_source {
 public:
  line_source(std::string name, std::unique_ptr<std::ifstream> file,
              std::uint64_t total)
      : name_(std::move(name)), file_(std::move(file)), total_(total) {}

  std::uint64_t total() const override { return total_; }

  std::optional<load_result> next() override {
    auto& in = file_ ? static_cast<std::istream&>(*file_) : std::cin;
    std::string line;
    while (std::getline(in, line)) {
      ++number_;
      if (line.find_first_not_of(" \t\r") == std::string::npos)
        continue;
      auto origin = name_ + ":" + std::to_string(number_);
      auto item = parse_load_line(line);
      if (item)
        item->origin = origin;
      return load_result{std::move(origin), std::move(item)};
    }
    return std::nullopt;
  }

 private:
  std::string name_;
  std::unique_ptr<std::ifstream> file_;
  std::uint64_t total_;
  std::uint64_t number_ = 0;
};

caf::expected<std::unique_ptr<load_source>>
open_directory(const std::string& path) {
  std::vector<fs::path> files;
  std::error_code ec;
  fs::recursive_directory_iterator i{path, ec};
  for (; !ec && i != fs::recursive_directory_iterator{}; i.increment(ec)) {
    auto name = i->path().filename().string();
    if (name.starts_with('.')) {
      if (i->is_directory())
        i.disable_recursion_pending();
      continue;
    }
    if (i->is_regular_file())
      files.push_back(i->path());
  }
  if (ec)
    return unreadable(path, ec.message());
  // The order of a directory is arbitrary; a load is easier to follow, and to
  // repeat, in the order of names.
  std::sort(files.begin(), files.end());
  return std::unique_ptr<load_source>{
      std::make_unique<directory_source>(path, std::move(files))};
}

std::uint64_t count_lines(std::ifstream& file) {
  std::vector<char> block(1 << 16);
  std::uint64_t lines = 0;
  char last = '\n';
  while (file.read(block.data(), static_cast<std::streamsize>(block.size())),
         file.gcount() > 0) {
    auto end = block.begin() + file.gcount();
    lines += static_cast<std::uint64_t>(std::count(block.begin(), end, '\n'));
    last = *(end - 1);
  }
  file.clear();
  file.seekg(0);
  return lines + (last == '\n' ? 0 : 1);
}

caf::expected<std::string> tags_of(std::string_view raw) {
  std::string tags;
  for (auto element : array_elements(raw)) {
    auto tag = string_value(element);
    if (!tag || tag->find(',') != std::string::npos)
      return fail(ec::invalid_request,
                  "\"tags\" has to be an array of strings without commas");
    tags += (tags.empty() ? "" : ",") + *tag;
  }
  return tags;
}

}  // namespace

caf::expected<load_item> parse_load_line(std::string_view line) {
  if (auto ok = check_json_object(line, max_depth); !ok)
    return ok.error();
  auto members = object_members(line);
  auto text = [&](std::string_view name) {
    auto raw = member(members, name);
    return raw ? string_value(*raw) : std::nullopt;
  };
  auto type = text("type");
  auto id = text("id");
  auto content = member(members, "content");
  if (!type || !id || !content)
    return fail(ec::invalid_request, "expected an object with the strings "
                                     "\"type\" and \"id\", and \"content\"");
  auto name = make_key(*type, *id);
  if (!name)
    return std::move(name.error());
  load_item item{{}, std::move(*name), std::string{*content}, {}, {}};
  if (auto raw = member(members, "metadata"))
    item.metadata = *raw;
  if (auto raw = member(members, "tags")) {
    auto tags = tags_of(*raw);
    if (!tags)
      return std::move(tags.error());
    item.tags = std::move(*tags);
  }
  return item;
}

caf::expected<std::unique_ptr<load_source>> open_load(const std::string& path) {
  if (path == "-")
    return std::unique_ptr<load_source>{
        std::make_unique<line_source>("stdin", nullptr, 0)};
  std::error_code ec;
  if (fs::is_directory(path, ec))
    return open_directory(path);
  auto file = std::make_unique<std::ifstream>(path, std::ios::binary);
  if (!*file)
    return unreadable(path, std::strerror(errno));
  // A pipe can be read only once.
  auto total = fs::is_regular_file(path, ec) ? count_lines(*file) : 0;
  return std::unique_ptr<load_source>{
      std::make_unique<line_source>(path, std::move(file), total)};
}

}  // namespace larder::cli
