// The environment of this process and of those that it starts, and the secrets in it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mapwright::os {

//! "NAME=value", as processes are given it.
using Environment = std::vector<std::string>;

//! That of this process, as it is.
Environment environment();

//! Sets a variable, whether it is there or not.
void set(Environment* all, std::string_view name, std::string_view value);
void unset(Environment* all, std::string_view name);
//! Sets a variable that is not there.
void set_default(Environment* all, std::string_view name, std::string_view value);

//! Whether what is in a variable of this name is nobody else's business: keys, tokens and passwords, by the
//! usual names.
bool names_secret(std::string_view name);

//! What may be given to a program that is not trusted.
Environment without_secrets(Environment all);

//! The value of a variable, which is then gone: its bytes are overwritten where they are, so that
//! /proc/PID/environ no longer shows them, and neither this process nor its children have it. Nothing where
//! it is not set. No other thread may use the environment meanwhile.
std::optional<std::string> take_secret(const std::string& name);

}  // namespace mapwright::os
