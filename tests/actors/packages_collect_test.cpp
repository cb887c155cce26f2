#include "tests/actors/package_world.hpp"

namespace larder::test {

namespace {

using PackagesCollectTest = package_world;

/// A registry that answers with `next`: at once, or when the test says so.
struct scripted_registry {
  std::vector<collect_request> asked;
  collect_reply next;
  bool slow = false;
  std::function<void()> answer;
};

using registry_actor = collector_actor::extend<caf::reacts_to<continuation>>;

registry_actor::behavior_type registry(registry_actor::pointer self,
                                       scripted_registry* script) {
  return {[self, script](collect_atom, const collect_request& request)
              -> caf::result<collect_reply> {
            script->asked.push_back(request);
            if (!script->slow)
              return script->next;
            auto reply = self->make_response_promise<collect_reply>();
            script->answer = [me = caf::actor_cast<caf::actor>(self), script,
                              reply] {
              caf::anon_send(me, continuation{[script, reply]() mutable {
                               reply.deliver(script->next);
                             }});
            };
            return reply;
          },
          [](stats_atom) { return collector_stats{}; },
          [](const continuation& go_on) { go_on(); }};
}

}  // namespace

TEST_F(PackagesCollectTest, CollectsWhatNoTierHasAndKeepsIt) {
  scripted_registry script;
  collector_ = own(sys().spawn(registry, &script));
  auto& n = start("a");
  script.next = {.outcome = collect_outcome::collected,
                 .document = document("x", "collected"),
                 .state = "etag"};
  auto q = read_of("x");
  EXPECT_EQ(told(n, "x"), "not_found");
  q.collect = true;
  EXPECT_EQ(request(n.packages, 1s, get_atom::value, q)->tier, tier::registry);
  EXPECT_EQ(told(n, "x"), "rocksdb: collected");
  // What it has is not collected again by a get, but by a collect.
  ASSERT_TRUE(request(n.packages, 1s, get_atom::value, q));
  ASSERT_EQ(script.asked.size(), 1u);
  script.next = {.outcome = collect_outcome::unchanged,
                 .document = document("x", "collected"),
                 .state = "etag"};
  auto again = request(n.packages, 1s, collect_atom::value, read_of("x"));
  ASSERT_TRUE(again) << message_of(again.error());
  EXPECT_EQ(again->outcome, collect_outcome::unchanged);
  EXPECT_EQ(script.asked[1].state, "etag");
  EXPECT_EQ(script.asked[1].known, document("x", "collected"));
}

TEST_F(PackagesCollectTest, CollectsNothingOlderThanTheRevisionAskedFor) {
  scripted_registry script;
  collector_ = own(sys().spawn(registry, &script));
  auto& n = start("a");
  auto q = read_of("x");
  q.min_revision = store(n, document("x", "one")) + 1;
  q.collect = true;
  script.next = {.outcome = collect_outcome::unchanged,
                 .document = document("x", "one")};
  EXPECT_EQ(failure(request(n.packages, 1s, get_atom::value, q)),
            ec::unavailable);
  EXPECT_EQ(script.asked.size(), 1u);
  script.next = {.outcome = collect_outcome::collected,
                 .document = document("x", "two")};
  auto newer = request(n.packages, 1s, get_atom::value, q);
  ASSERT_TRUE(newer) << message_of(newer.error());
  EXPECT_GE(newer->revision, q.min_revision);
}

TEST_F(PackagesCollectTest, FindsUnchangedADocumentThatOnlyItsLimitsAllow) {
  scripted_registry script;
  collector_ = own(sys().spawn(registry, &script));
  limits_.bytes = 2'000'000;
  auto& n = start("a");
  auto large = make_package("npm", "x", "1.0.0", "large");
  large.readme = std::string(1'200'000, 'x');
  auto revision = store(n, to_json(large));
  ASSERT_GT(revision, 0);
  script.next = {.outcome = collect_outcome::unchanged,
                 .document = to_json(large)};
  auto same = request(n.packages, 1s, collect_atom::value, read_of("x"));
  ASSERT_TRUE(same) << message_of(same.error());
  EXPECT_EQ(same->found.revision, revision);
}

TEST_F(PackagesCollectTest, KeepsWhatTheRegistrySaidWhenItHasNone) {
  scripted_registry script;
  collector_ = own(sys().spawn(registry, &script));
  auto& n = start("a");
  script.next = {.failure = fail(ec::not_found, "no such package"),
                 .state = "missing"};
  auto q = read_of("x");
  q.collect = true;
  EXPECT_EQ(failure(request(n.packages, 1s, get_atom::value, q)),
            ec::not_found);
  EXPECT_EQ(*n.shelf->get()->collector_state("npm", "x"), "missing");
}

TEST_F(PackagesCollectTest, AsksTheRegistryOnceForConcurrentCallers) {
  scripted_registry script;
  script.slow = true;
  collector_ = own(sys().spawn(registry, &script));
  auto& n = start("a");
  auto one = ask(n.packages, 1s, collect_atom::value, read_of("x"));
  auto two = ask(n.packages, 1s, collect_atom::value, read_of("x"));
  run();
  script.next = {.outcome = collect_outcome::collected,
                 .document = document("x", "collected")};
  script.answer();
  auto first = await(one);
  auto second = await(two);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(script.asked.size(), 1u);
  EXPECT_GT(first->found.revision, 0);
  EXPECT_EQ(first->found.revision, second->found.revision);
}

TEST_F(PackagesCollectTest, DoesNotBringBackWhatWasRemovedWhileItWasCollected) {
  scripted_registry script;
  collector_ = own(sys().spawn(registry, &script));
  auto& n = start("a");
  for (auto outcome :
       {collect_outcome::collected, collect_outcome::unchanged}) {
    script.slow = true;
    store(n, document("x", "kept"));
    auto slow = ask(n.packages, 1min, collect_atom::value, read_of("x"));
    run();
    ASSERT_TRUE(remove(n, "x"));
    script.next = {
        .outcome = outcome, .document = document("x", "kept"), .state = "etag"};
    script.answer();
    EXPECT_EQ(failure(await(slow)), ec::not_found) << name_of(outcome);
    EXPECT_EQ(told(n, "x"), "not_found");
    EXPECT_EQ(on_disk(n, "x"), "nothing");
    // Nor what would make the registry say that nothing has changed.
    EXPECT_EQ(*n.shelf->get()->collector_state("npm", "x"), std::nullopt);
    // Whoever asks after that gets it.
    script.slow = false;
    script.next.outcome = collect_outcome::collected;
    EXPECT_TRUE(request(n.packages, 1s, collect_atom::value, read_of("x")));
    EXPECT_EQ(on_disk(n, "x"), "kept");
  }
}

TEST_F(PackagesCollectTest, SaysThatItCollectsNothingWithoutACollector) {
  auto& n = start("a");
  EXPECT_EQ(failure(request(n.packages, 1s, collect_atom::value, read_of("x"))),
            ec::not_supported);
}

}  // namespace larder::test
