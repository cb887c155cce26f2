#include "tests/search/engines.hpp"

#include "storage/search_words.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace larder::test {

namespace {

/// What people who use FTS5 do: Porter's stemmer over its Unicode tokenizer,
/// bm25() with a weight for each column, and the name itself looked up first.
/// The words of a query, without the stop words, are joined by AND, as FTS5
/// does by itself, or by OR, which finds more and takes longer.
class fts5_engine : public search_engine {
 public:
  fts5_engine(const std::string& directory, const std::string& joined_by)
      : file_{directory + "/fts5.db"}, name_{"FTS5, " + joined_by},
        joined_by_{joined_by} {
    if (sqlite3_open(file_.c_str(), &db_) != SQLITE_OK)
      throw std::runtime_error{"cannot open " + file_};
    run("PRAGMA journal_mode = WAL");
    run("PRAGMA synchronous = FULL");
    run("PRAGMA cache_size = -32768");
    run("CREATE VIRTUAL TABLE IF NOT EXISTS packages USING fts5(name, "
        "keywords, description, "
        "body, code, filters UNINDEXED, tokenize = 'porter unicode61')");
    run("CREATE TABLE IF NOT EXISTS names (name TEXT COLLATE NOCASE, id "
        "INTEGER)");
    run("CREATE INDEX IF NOT EXISTS by_name ON names (name)");
  }

  ~fts5_engine() override {
    for (auto* statement : {search_, exact_})
      sqlite3_finalize(statement);
    sqlite3_close(db_);
  }

  const std::string& name() const override { return name_; }

  void build(const std::vector<search_document>& corpus,
             std::size_t together) override {
    if (is_built()) {
      prepare_searches();
      return;
    }
    auto* insert = prepare("INSERT INTO packages VALUES (?, ?, ?, ?, ?, ?)");
    auto* insert_name = prepare("INSERT INTO names VALUES (?, ?)");
    for (std::size_t i = 0; i < corpus.size(); ++i) {
      if (i % together == 0)
        run("BEGIN");
      auto& d = corpus[i];
      std::string filter_lines;
      for (auto& filter : d.filters)
        filter_lines += filter + "\n";
      int column = 0;
      for (const std::string* text :
           {&d.name, &d.keywords, &d.description, &d.body, &d.code,
            &std::as_const(filter_lines)})
        bind(insert, ++column, *text);
      step(insert);
      bind(insert_name, 1, d.name);
      sqlite3_bind_int64(insert_name, 2, sqlite3_last_insert_rowid(db_));
      step(insert_name);
      if (i % together == together - 1 || i + 1 == corpus.size())
        run("COMMIT");
    }
    sqlite3_finalize(insert);
    sqlite3_finalize(insert_name);
    run("INSERT INTO packages(packages) VALUES ('optimize')");
    run("PRAGMA wal_checkpoint(TRUNCATE)");
    prepare_searches();
  }

  std::vector<std::string> search(const std::string& text,
                                  const std::string&) override {
    std::vector<std::string> names;
    bind(exact_, 1, text);
    take(exact_, names);
    auto query = match_of(text);
    if (query.empty())
      return names;
    bind(search_, 1, query);
    take(search_, names);
    return names;
  }

  /// Without the copy of the text that FTS5 keeps beside its index.
  std::uint64_t bytes() override {
    auto* sum = prepare("SELECT sum(length(block)) FROM packages_data");
    sqlite3_step(sum);
    auto bytes = static_cast<std::uint64_t>(sqlite3_column_int64(sum, 0));
    sqlite3_finalize(sum);
    return bytes;
  }

  std::string verify(const std::vector<search_document>&) override {
    run("INSERT INTO packages(packages) VALUES ('integrity-check')");
    return {};
  }

 private:
  /// By the other way of joining words.
  bool is_built() {
    auto* count = prepare("SELECT count(*) FROM names");
    sqlite3_step(count);
    auto rows = sqlite3_column_int64(count, 0);
    sqlite3_finalize(count);
    return rows > 0;
  }

  void prepare_searches() {
    search_ = prepare("SELECT name FROM packages WHERE packages MATCH ? "
                      "ORDER BY bm25(packages, 8, 2, 4, 1, 0.6) LIMIT 10");
    exact_ = prepare("SELECT name FROM names WHERE name = ? LIMIT 10");
  }

  std::string match_of(const std::string& text) const {
    std::string query;
    search_splitter splitter;
    splitter.each(text, [&](const search_word& word) {
      if (word.is_part || word.is_stop)
        return;
      query += query.empty() ? "" : " " + joined_by_ + " ";
      query += '"' + text.substr(word.offset, word.bytes) + '"';
    });
    return query;
  }

  void run(const char* sql) {
    char* message = nullptr;
    if (sqlite3_exec(db_, sql, nullptr, nullptr, &message) != SQLITE_OK)
      throw std::runtime_error{std::string{sql} + ": " + message};
  }

  sqlite3_stmt* prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(db_, sql, -1, &statement, nullptr) != SQLITE_OK)
      throw std::runtime_error{std::string{sql} + ": " + sqlite3_errmsg(db_)};
    return statement;
  }

  static void bind(sqlite3_stmt* statement, int column,
                   const std::string& text) {
    sqlite3_bind_text(statement, column, text.data(),
                      static_cast<int>(text.size()), SQLITE_TRANSIENT);
  }

  void step(sqlite3_stmt* statement) {
    if (sqlite3_step(statement) != SQLITE_DONE)
      throw std::runtime_error{sqlite3_errmsg(db_)};
    sqlite3_reset(statement);
  }

  void take(sqlite3_stmt* statement, std::vector<std::string>& names) {
    for (int result; (result = sqlite3_step(statement)) != SQLITE_DONE;) {
      if (result != SQLITE_ROW)
        throw std::runtime_error{sqlite3_errmsg(db_)};
      std::string name =
          reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
      if (std::find(names.begin(), names.end(), name) == names.end()
          && names.size() < 10)
        names.push_back(std::move(name));
    }
    sqlite3_reset(statement);
  }

  std::string file_;
  std::string name_;
  std::string joined_by_;
  sqlite3* db_ = nullptr;
  sqlite3_stmt* search_ = nullptr;
  sqlite3_stmt* exact_ = nullptr;
};

}  // namespace

std::unique_ptr<search_engine> make_fts5(const std::string& directory,
                                         const std::string& joined_by) {
  return std::make_unique<fts5_engine>(directory, joined_by);
}

}  // namespace larder::test
