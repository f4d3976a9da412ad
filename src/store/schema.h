// The tables of a store, and how those of an older version become those of this one.
#pragma once

#include <chrono>
#include <cstdint>

#include "store/connection.h"

namespace mapwright::store {

//! Problems: the file is no store, or of a newer version. Looks at the beginning of the file only.
Problem check_header(const Connection& connection, const Header& header);

//! Problems: it is of a newer version. An older one, whose tables are the same, can be read as it is.
Problem check_version(Connection* connection);

//! Makes an empty file or an older store one of this version, all or nothing.
Problem bring_up_to_date(Connection* connection, std::chrono::milliseconds patience);

}  // namespace mapwright::store
