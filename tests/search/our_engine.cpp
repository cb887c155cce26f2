#include "storage/error.hpp"
#include "tests/search/engines.hpp"

#include <algorithm>
#include <stdexcept>

namespace larder::test {

namespace {

class our_engine : public search_engine {
 public:
  explicit our_engine(const std::string& directory)
      : db_{open(directory)}, index_{*db_, 0, "s"} {}

  const std::string& name() const override { return name_; }

  void build(const std::vector<search_document>& corpus,
             std::size_t together) override {
    for (std::size_t i = 0; i < corpus.size(); i += together) {
      search_update update{index_};
      for (auto j = i; j < std::min(i + together, corpus.size()); ++j)
        update.change(nullptr, &corpus[j]);
      rocks_batch batch;
      ok(update.finish(batch));
      ok(db_->write(batch));
    }
    ok(db_->flush());
  }

  std::vector<std::string> search(const std::string& text,
                                  const std::string& filter) override {
    search_query query;
    query.text = text;
    query.limit = 10;
    if (!filter.empty())
      query.all_of = {filter};
    auto found = index_.search(query);
    if (!found)
      throw std::runtime_error{message_of(found.error())};
    std::vector<std::string> names;
    for (auto& hit : found->hits)
      names.push_back(hit.id.substr(hit.id.find('/') + 1));
    return names;
  }

  std::uint64_t bytes() override {
    ok(db_->compact());
    return db_->sizes(0).disk_bytes;
  }

  std::string verify(const std::vector<search_document>& corpus) override {
    auto moment = db_->snapshot();
    search_check check{index_, moment};
    for (auto& document : corpus)
      ok(check.expect(document));
    auto wrong = check.finish();
    if (!wrong)
      return message_of(wrong.error());
    return wrong->empty() ? "" : wrong->front();
  }

 private:
  static void ok(const caf::expected<void>& done) {
    if (!done)
      throw std::runtime_error{message_of(done.error())};
  }

  static std::unique_ptr<rocks_database> open(const std::string& directory) {
    rocks_options options;
    options.families = {"index"};
    auto db = rocks_database::open(directory + "/larder", options);
    if (!db)
      throw std::runtime_error{message_of(db.error())};
    return std::move(*db);
  }

  const std::string name_ = "Larder";
  std::unique_ptr<rocks_database> db_;
  search_index index_;
};

}  // namespace

std::unique_ptr<search_engine> make_ours(const std::string& directory) {
  return std::make_unique<our_engine>(directory);
}

}  // namespace larder::test
