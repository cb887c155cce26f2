#include "storage/truth_source.hpp"

#include "storage/embedded_outbox.hpp"
#include "storage/embedded_store.hpp"
#include "storage/postgres_outbox.hpp"
#include "storage/postgres_store.hpp"

#include <utility>

namespace larder {

namespace {

class postgres_source final : public truth_source {
 public:
  explicit postgres_source(config::postgres_settings settings)
      : settings_(std::move(settings)) {}
  std::string_view name() const override { return "postgres"; }
  bool is_shared() const override { return true; }
  std::uint32_t sessions() const override { return settings_.connections; }
  std::unique_ptr<truth_store> open_store() override {
    return std::make_unique<postgres_store>(settings_);
  }
  std::unique_ptr<outbox> open_outbox() override {
    return std::make_unique<postgres_outbox>(settings_);
  }

 private:
  config::postgres_settings settings_;
};

class embedded_source final : public truth_source {
 public:
  explicit embedded_source(std::shared_ptr<embedded_database> database)
      : database_(std::move(database)) {}
  std::string_view name() const override { return "embedded"; }
  bool is_shared() const override { return false; }
  // One reads while another waits for the disk.
  std::uint32_t sessions() const override { return 3; }
  std::unique_ptr<truth_store> open_store() override {
    return std::make_unique<embedded_store>(database_);
  }
  std::unique_ptr<outbox> open_outbox() override {
    return std::make_unique<embedded_outbox>(database_);
  }

 private:
  std::shared_ptr<embedded_database> database_;
};

}  // namespace

caf::expected<std::shared_ptr<truth_source>>
truth_source::open(const config::settings& settings) {
  using pointer = std::shared_ptr<truth_source>;
  if (!settings.postgres.url.empty())
    return pointer{std::make_shared<postgres_source>(settings.postgres)};
  embedded_options options;
  options.directory = settings.node.data_dir + "/embedded";
  auto database = embedded_database::open(std::move(options));
  if (!database)
    return database.error();
  return pointer{std::make_shared<embedded_source>(std::move(*database))};
}

}  // namespace larder
