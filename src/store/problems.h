// How the kinds of problems of the store are worded.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/diagnostic.h"

namespace mapwright::store {

base::Diagnostic unreadable(std::string_view file, std::string_view reason);
base::Diagnostic readonly(std::string_view file, std::string_view reason);
base::Diagnostic full(std::string_view file, std::string_view reason);
base::Diagnostic corrupt(std::string_view file, std::string_view reason);
base::Diagnostic foreign(std::string_view file, std::string_view reason);
base::Diagnostic newer(std::string_view file, std::int64_t version, std::int64_t known);
base::Diagnostic busy(std::string_view file, std::chrono::milliseconds waited);
//! `known`: the runs that there are.
base::Diagnostic unknown(std::string_view file, std::string_view run,
                         std::span<const std::string_view> known);
base::Diagnostic in_work(std::string_view run);
//! By errno, where neither a missing permission nor missing room is the reason: `otherwise`.
base::Diagnostic by_errno(std::string_view file, int error_number,
                          base::Diagnostic (*otherwise)(std::string_view, std::string_view));

}  // namespace mapwright::store
