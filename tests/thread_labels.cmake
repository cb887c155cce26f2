# What the thread sanitizer can judge: tests that start no actor system, as
# Debian's libcaf is not instrumented. `tests/run --sanitize thread` runs those
# that have the label tsan.
#
# Read by ctest, after gtest_discover_tests has made each TARGET_TESTS list.
foreach(target IN ITEMS larder_cluster_test larder_config_test
                        larder_hot_cache_test larder_storage_test)
  foreach(test IN LISTS ${target}_TESTS)
    set_tests_properties(${test} PROPERTIES LABELS "unit;tsan")
  endforeach()
endforeach()
