#include "node/cli/exit_code.hpp"
#include "node/cli/import_run.hpp"
#include "node/cli/input.hpp"
#include "node/cli/output.hpp"
#include "node/cli/packages.hpp"
#include "node/package_reply.hpp"
#include "node/package_request.hpp"
#include "node/progress.hpp"
#include "storage/debian_packages.hpp"
#include "storage/error.hpp"
#include "storage/package_store.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <sstream>

namespace larder::cli {

namespace {

using nlohmann::json;

struct import_options : client_options {
  import_options() { timeout = std::chrono::seconds{60}; }
  std::string file;
  std::string directory;
  std::string node;
  bool debian = false;
};

/// What `apt-cache dumpavail` prints; some 60 MB.
caf::expected<std::string> dump_of_apt() {
  std::unique_ptr<FILE, int (*)(FILE*)> pipe{
      ::popen("apt-cache dumpavail", "r"), ::pclose};
  if (!pipe)
    return fail(ec::unavailable, "apt-cache cannot be started");
  std::string text;
  std::array<char, 1 << 16> buffer;
  for (std::size_t n;
       (n = std::fread(buffer.data(), 1, buffer.size(), pipe.get())) > 0;)
    text.append(buffer.data(), n);
  auto status = ::pclose(pipe.release());
  if (status != 0 || text.empty())
    return fail(ec::unavailable,
                "apt-cache dumpavail printed no packages; --debian FILE reads "
                "its output from a file");
  return text;
}

/// One document a line, each with its line's number.
class jsonl_documents : public document_source {
 public:
  explicit jsonl_documents(std::string text) : text_(std::move(text)) {
    // Editors put a byte order mark in front.
    if (text_.starts_with("\xEF\xBB\xBF"))
      at_ = 3;
  }

  bool next(std::string& document, std::string& origin) override {
    while (at_ < text_.size()) {
      auto end = std::min(text_.find('\n', at_), text_.size());
      document.assign(text_, at_, end - at_);
      at_ = end + 1;
      ++line_;
      if (document.ends_with('\r'))
        document.pop_back();
      if (document.find_first_not_of(" \t\r") == std::string::npos)
        continue;
      origin = "line " + std::to_string(line_);
      return true;
    }
    return false;
  }
  double done() const override {
    return text_.empty() ? 1
                         : static_cast<double>(std::min(at_, text_.size()))
                               / static_cast<double>(text_.size());
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
  std::uint64_t line_ = 0;
};

class debian_documents : public document_source {
 public:
  explicit debian_documents(std::string text)
      : size_(text.size()), stanzas_(std::move(text)),
        packages_(stanzas_, users_in(stanzas_)) {}

  bool next(std::string& document, std::string& origin) override {
    auto p = packages_.next();
    if (!p)
      return false;
    document = to_json(*p);
    origin = p->name;
    return true;
  }
  double done() const override {
    auto at = stanzas_.tellg();
    return at < 0 ? 1 : static_cast<double>(at) / static_cast<double>(size_);
  }

 private:
  static debian_users users_in(std::istringstream& stanzas) {
    auto users = count_debian_users(stanzas);
    stanzas.clear();
    stanzas.seekg(0);
    return users;
  }

  std::size_t size_;
  /// Mutable: a stream is asked for its place as if that changed it.
  mutable std::istringstream stanzas_;
  debian_packages packages_;
};

caf::expected<std::unique_ptr<document_source>>
source_of(const import_options& o) {
  if (!o.debian && o.file.empty())
    return fail(ec::invalid_request, "expected a FILE, or --debian");
  auto text = o.debian && o.file.empty() ? dump_of_apt() : read_input(o.file);
  if (!text)
    return std::move(text.error());
  if (o.debian)
    return std::unique_ptr<document_source>{
        std::make_unique<debian_documents>(std::move(*text))};
  return std::unique_ptr<document_source>{
      std::make_unique<jsonl_documents>(std::move(*text))};
}

int say(const import_options& o, const import_report& done) {
  auto seconds = std::chrono::duration<double>(done.elapsed).count();
  auto rate = seconds > 0 ? static_cast<double>(done.stored) / seconds : 0;
  if (o.json) {
    json failures = json::array();
    for (auto& f : done.failures)
      failures.push_back(
          {{"origin", f.origin}, {"error", f.error}, {"message", f.message}});
    print_line(text_of({{"stored", done.stored},
                        {"unchanged", done.unchanged},
                        {"failed", done.failed},
                        {"bytes", done.bytes},
                        {"seconds", seconds},
                        {"rate", rate},
                        {"failures", std::move(failures)}}));
  } else {
    for (auto& f : done.failures)
      std::fprintf(stderr, "larder: %s: %s\n", f.origin.c_str(),
                   f.message.c_str());
    std::fprintf(stderr,
                 "%llu stored, %llu unchanged, %llu failed in %s (%.0f "
                 "packages/s)\n",
                 static_cast<unsigned long long>(done.stored),
                 static_cast<unsigned long long>(done.unchanged),
                 static_cast<unsigned long long>(done.failed),
                 duration_text(done.elapsed).c_str(), rate);
  }
  if (done.stopped)
    return report(done.stopped, o.json);
  return done.failed > 0 ? exit_usage : exit_done;
}

int import_to(const import_options& o, document_source& from,
              const store_batch& store, const pump_limits& limits) {
  import_report done;
  {
    progress bar{"import", 0};
    done = run_import(from, store, limits, [&](const import_report& so_far) {
      auto all = so_far.stored + so_far.unchanged + so_far.failed;
      if (auto share = from.done(); share > 0)
        bar.set_total(static_cast<std::uint64_t>(static_cast<double>(all)
                                                 / std::min(1.0, share)));
      bar.update(all);
    });
  }
  return say(o, done);
}

// The same outcome as a node would answer, from the store itself.
caf::expected<std::string> store_here(package_store& store,
                                      const std::string& lines) {
  auto batch = package_lines_in(lines);
  auto written = store.store_many(batch.documents);
  if (!written)
    return std::move(written.error());
  std::vector<package_outcome> outcomes;
  for (auto& one : *written)
    if (one)
      outcomes.push_back({std::move(*one), {}});
    else
      outcomes.push_back({{}, std::move(one.error())});
  return to_json(outcomes, batch.lines);
}

int import_packages(const import_options& o) {
  auto subject =
      subject_at(o.node, package_subjects{}.of(package_op::store_many));
  if (!subject)
    return report(subject.error(), o.json);
  auto from = source_of(o);
  if (!from)
    return report(from.error(), o.json);
  auto limits = import_limits;
  if (!o.directory.empty()) {
    limits.window = 1;
    package_store_options options;
    options.directory = o.directory;
    auto store = package_store::open(std::move(options));
    if (!store)
      return report(store.error(), o.json);
    return import_to(
        o, **from,
        [&](const std::string& lines, const batch_done& done) {
          done(store_here(**store, lines));
        },
        limits);
  }
  auto through = remote::open(o);
  if (!through)
    return report(through.error(), o.json);
  return import_to(
      o, **from,
      [&](const std::string& lines, batch_done done) {
        through->ask_later(*subject, {}, lines, with_body(std::move(done)));
      },
      limits);
}

}  // namespace

void add_packages_import(command& to) {
  auto o = std::make_shared<import_options>();
  auto c =
      to.child("import", "Store many package documents: JSON, one a line.");
  c.optional("FILE", o->file, "the documents; - for stdin")
      .flag("--debian", o->debian,
            "the packages that this Debian machine knows of, into the "
            "ecosystem debian; FILE: the output of apt-cache dumpavail")
      .option("--node", o->node, "through this node (any)")
      .option("--directory", o->directory,
              "into the store in this directory, which no node has open")
      .example("  larder packages import packages.jsonl\n"
               "  larder packages import --debian")
      .action([o] { return import_packages(*o); });
  add_client_options(c, *o);
}

}  // namespace larder::cli
