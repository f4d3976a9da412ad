// Schemas of what tools answer, in JSON Schema 2020-12.
#pragma once

#include <initializer_list>
#include <string_view>

#include "cli/json.h"

namespace mapwright::cli::mcp::schema {

struct Property {
  std::string_view name;
  Json (*schema)();
  // NOLINTNEXTLINE(readability-redundant-member-init): without it GCC misses it in tables
  std::string_view what = {};
  bool always = true;
};

//! An object with these properties; more may follow in later versions.
Json object(std::initializer_list<Property> properties);
Json list_of(const Json& items);
Json or_null(Json schema);

Json text();
Json text_or_null();
Json integer();
Json integer_or_null();
Json number();
Json number_or_null();
Json flag();
Json texts();
Json anything();

//! What documents of mapwright have in common.
Json metric();       //!< name, unit, better
Json baselines();    //!< expert, default
Json failure();      //!< code and text, or null
Json findings();     //!< what to change, and why
Json diagnostics();  //!< what is wrong with a mapper

}  // namespace mapwright::cli::mcp::schema
