// What PostgreSQL's messages and states mean in our words, and the address that
// a session connects to.
//
// Used by postgres_session alone. Thread rule: pure functions.
#pragma once

#include "config/settings.hpp"
#include "storage/error.hpp"

#include <string>
#include <string_view>

namespace larder {

/// libpq's messages on one line, without the full stop of a sentence that we
/// go on with.
std::string one_line(std::string_view message);

/// `url` with our time-outs and name for what it does not say itself.
std::string with_defaults(std::string url,
                          const config::postgres_settings& settings);

/// Our name for an SQLSTATE. `configuration`: only an operator can help.
ec code_for(std::string_view sqlstate);

/// Our name for why a connection was refused. The libraries keep only the
/// server's words, so a server that speaks another language is `unavailable`.
ec code_for_refusal(std::string_view message);

/// The same error, with `configuration` made `unavailable`: what a request gets
/// to see.
caf::error as_unavailable(const caf::error& err);

/// What to do about it, to be added to the server's own words; may be empty.
std::string_view advice_for(std::string_view sqlstate);

}  // namespace larder
