// Which keys a bucket does not hold, known without asking it.
//
// Implementation: cluster/bucket_contents. Thread rule: any thread.
#pragma once

#include "storage/key.hpp"

namespace larder {

class kv_contents {
 public:
  virtual ~kv_contents() = default;

  /// True: the bucket holds no entry of the key, or only one that was written
  /// a moment ago. False: it may, or that is not known now.
  virtual bool lacks(const key& k) const = 0;

  /// Somebody here is about to put an entry of the key.
  virtual void expect(const key& k) = 0;
};

}  // namespace larder
