// The sampler: asks every node for keys that changed lately and for keys that
// it holds, and compares the answers with the source of truth. It learns of
// changes from the source of truth alone, never from the log, whose loss it is
// there to find; and it compares bytes, too, since somebody may have gone past
// the triggers.
//
// Decisions:
// - One sampler a cluster does the asking, the one on the node that has the
//   relay's lease: a share of reads is then one number, not one a node. Two at
//   once (a lease changes hands) only ask twice.
// - Nodes are asked by one message to all (cluster/peers.hpp) what they would
//   answer from memory; the node looks with the eyes of its front door, but
//   counts no read and fills nothing: a checker that fills what it checks
//   would show, and keep, what nobody else reads. What memory does not answer
//   comes from JetStream or from the source of truth itself; so the sampler
//   looks into JetStream, and only where that has something old does it read
//   the key through every node, as clients do, to see whether they get it.
// - An answer counts as inconsistent only if it is not marked stale and does
//   not show what this sampler had read of the source of truth 2 s before it
//   asked, by its own monotonic clock (see cluster/consistency.hpp).
// - What it finds is logged, counted, and healed by publishing
//   `….invalidate.…` for the key: every node drops it and distrusts JetStream's
//   copy, and the sampler's next read through its own node replaces that. All
//   nodes, not the one alone: what one holds the others may read tomorrow.
//
// A round costs each node one message and one look into memory a key, and the
// source of truth two queries. Blocks in its session, so node.cpp spawns it
// detached.
#pragma once

#include "actors/handles.hpp"
#include "actors/sampler_board.hpp"
#include "cluster/peers.hpp"
#include "cluster/subjects.hpp"
#include "storage/freshness.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace larder {

struct sampler_context {
  /// One session of its own; moved out at the start.
  std::shared_ptr<std::unique_ptr<truth_store>> truth;
  /// This node's fence: while it holds, JetStream is as new as it.
  std::shared_ptr<larder::freshness> freshness;
  std::shared_ptr<larder::peers> peers;
  std::shared_ptr<change_log> log;
  /// Where it shows what it has found.
  std::shared_ptr<sampler_board> board;
  warm_actor warm;
  relay_actor relay;
  collection_subjects collection;
  /// The node through which healed keys are read.
  std::string node;
  /// From the end of a round to the next; 0: no rounds.
  std::chrono::milliseconds interval{2'000};
  /// Of one round, at most; twice as many are kept in mind.
  std::uint32_t keys = 128;
  std::chrono::milliseconds timeout{1'000};
  /// How long nodes have to answer.
  std::chrono::milliseconds patience{250};
};

class sampler_state {
 public:
  using pointer = sampler_actor::stateful_pointer<sampler_state>;
  static inline const char* name = "sampler";

  explicit sampler_state(pointer self) : self_(self) {}
  void start(sampler_context context);

  void poll();
  caf::result<std::vector<fingerprint>> survey(const survey_question& what);

 private:
  using share = sampler_stats::share;

  /// A key that is kept in mind.
  struct subject {
    truth_history known;
    time_point until;
    /// When nodes, and JetStream, were last asked for it.
    time_point asked{};
    time_point looked{};
  };

  /// What somebody answered, and when it was asked.
  struct sample {
    std::string node;
    larder::key key;
    answer_mark answer;
    time_point asked;
  };

  // A round, in its order; see sampler.cpp.
  void begin_round();
  void ask_nodes(std::vector<key> keys);
  void look_into_shared(const key& k);
  void finish_healing();
  void heard(const std::vector<key>& keys, time_point asked,
             std::vector<node_holdings> answers);
  void part_done();
  void compare();
  void read_through_nodes(const std::vector<key>& keys);
  void compare_reads();
  void end_round();

  std::vector<key> choose(std::size_t most, time_point subject::*last) const;
  bool learn(const std::vector<key>& of);
  bool learn_changed();
  void keep_in_mind(const key& k);
  void forget_old();
  void weigh(const sample& s);
  void heal(const key& k);
  void rest();
  void show();
  time_point now() const;

  pointer self_;
  sampler_context context_;
  std::unique_ptr<truth_store> truth_;
  std::unordered_map<key, subject, key_hash, key_equal> subjects_;

  /// When the next round begins.
  time_point due_{};

  // Of this round.
  std::size_t outstanding_ = 0;
  std::vector<key> asked_;
  std::vector<key> offered_;
  std::vector<std::string> nodes_;
  std::vector<sample> answers_;
  std::vector<sample> shared_;
  std::vector<key> bad_;
  std::size_t logged_ = 0;

  /// Invalidated in the last round; to be read again.
  std::vector<key> healed_;
  using shares = std::array<share, sampler_windows.size()>;
  std::deque<std::pair<time_point, shares>> recent_;
  sampler_stats stats_;
};

sampler_actor::behavior_type sampler(sampler_state::pointer self,
                                     sampler_context context);

}  // namespace larder
