#include "engine/command/legion.h"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/files.h"
#include "base/os/process.h"
#include "base/text.h"

namespace mapwright::engine::command {
namespace {

constexpr std::size_t kMostHandshake = 1 << 16;
constexpr std::size_t kMostProgram = std::size_t{1} << 30;

// Puts something in front of a list of the environment.
void prepend(os::Environment* all, std::string_view name, std::string_view value, char separator) {
  for (const std::string& variable : *all) {
    if (!variable.starts_with(name) || variable.size() <= name.size() || variable[name.size()] != '=')
      continue;
    const std::string rest = variable.substr(name.size() + 1);
    os::set(all, name, rest.empty() ? std::string(value) : fmt::format("{}{}{}", value, separator, rest));
    return;
  }
  os::set(all, name, value);
}

// How a program has Legion, as far as its file tells.
enum class Linked : std::uint8_t { unknown, not_at_all, shared, inside, inside_exported };

// What starts every Legion application.
constexpr std::string_view kStart = "_ZN6Legion7Runtime5startEiPPcbbb";

Linked linked(const std::string& program) {
  const auto read = base::read_file(os::find_program(program), kMostProgram);
  const auto* bytes = std::get_if<std::string>(&read);
  if (bytes == nullptr || bytes->size() < sizeof(Elf64_Ehdr) ||
      std::memcmp(bytes->data(), ELFMAG, SELFMAG) != 0 ||
      static_cast<unsigned char>((*bytes)[EI_CLASS]) != ELFCLASS64)
    return Linked::unknown;
  const auto at = [&]<class T>(T* into, std::uint64_t offset) {
    if (offset > bytes->size() || bytes->size() - offset < sizeof(T)) return false;
    std::memcpy(into, bytes->data() + offset, sizeof(T));
    return true;
  };
  Elf64_Ehdr header;
  at(&header, 0);
  bool defined = false;   // in the table of symbols, which others need not see
  bool exported = false;  // in that of dynamic symbols
  bool wanted = false;    // from a shared library
  for (std::uint64_t s = 0; s < header.e_shnum; ++s) {
    Elf64_Shdr section;
    Elf64_Shdr strings;
    if (!at(&section, header.e_shoff + s * header.e_shentsize)) break;
    if (section.sh_type != SHT_SYMTAB && section.sh_type != SHT_DYNSYM) continue;
    if (section.sh_entsize < sizeof(Elf64_Sym) ||
        !at(&strings, header.e_shoff + std::uint64_t{section.sh_link} * header.e_shentsize))
      continue;
    for (std::uint64_t i = 0; i < section.sh_size / section.sh_entsize; ++i) {
      Elf64_Sym symbol;
      if (!at(&symbol, section.sh_offset + i * section.sh_entsize)) break;
      const std::uint64_t name = strings.sh_offset + symbol.st_name;
      if (name >= bytes->size() || bytes->size() - name <= kStart.size() ||
          std::string_view(*bytes).substr(name, kStart.size()) != kStart ||
          (*bytes)[name + kStart.size()] != '\0')
        continue;
      if (symbol.st_shndx == SHN_UNDEF)
        wanted = true;
      else if (section.sh_type == SHT_DYNSYM)
        exported = true;
      else
        defined = true;
    }
  }
  if (exported) return Linked::inside_exported;
  if (wanted) return Linked::shared;
  return defined ? Linked::inside : Linked::not_at_all;
}

std::string why_absent(const std::string& program) {
  const std::string shown = base::visible(program);
  switch (linked(program)) {
    case Linked::shared:
      return fmt::format(
          "'{}' has not started Legion. Either it ended before, or something between took LD_PRELOAD and "
          "REALM_DYNAMIC_MODULES out of its environment, as launchers do that reach other computers",
          shown);
    case Linked::inside:
      return fmt::format(
          "'{}' has Legion linked statically, and shows nothing of it to others. Link it with -rdynamic, or "
          "with Legion as a shared library (BUILD_SHARED_LIBS=ON)",
          shown);
    case Linked::inside_exported:
      return fmt::format(
          "'{}' has Legion linked statically, and its Realm has not taken the adapter as a module: it was "
          "built without REALM_USE_DLFCN, or is another version than the adapter was built for",
          shown);
    case Linked::not_at_all:
      return fmt::format("'{}' is no Legion application, or starts none in the environment that it was given",
                         shown);
    case Linked::unknown: break;
  }
  return fmt::format("'{}' has not started Legion in the environment that it was given", shown);
}

}  // namespace

os::Environment with_adapter(os::Environment all, const std::string& library,
                             const std::filesystem::path& handshake, const std::filesystem::path& journal) {
  prepend(&all, "LD_PRELOAD", library, ':');
  prepend(&all, "REALM_DYNAMIC_MODULES", library, ':');
  prepend(&all, "LEGION_DEFAULT_ARGS", "-lg:safe_mapper", ' ');
  os::set(&all, kHandshakeVariable, handshake.native());
  if (!journal.empty()) os::set(&all, kJournalVariable, journal.native());
  return all;
}

bool is_refusal(const std::filesystem::path& file) {
  const auto read = base::read_file(file, kMostHandshake);
  const auto* text = std::get_if<std::string>(&read);
  // The reason is written behind it, in a line.
  return text != nullptr && text->starts_with("refused\n") && std::ranges::count(*text, '\n') > 1;
}

std::variant<Greeting, std::string> read_handshake(const std::filesystem::path& file,
                                                   const std::string& program) {
  const auto read = base::read_file(file, kMostHandshake);
  const auto* text = std::get_if<std::string>(&read);
  if (text == nullptr) return "the adapter for Legion is not in the application: " + why_absent(program);
  const std::vector<std::string_view> lines = base::split(*text, '\n');
  if (lines.front() != "ready")
    return fmt::format(
        "the adapter for Legion cannot work in the application: {}",
        base::visible(lines.size() > 1 && !lines[1].empty() ? lines[1] : "it does not say why"));
  Greeting greeting;
  for (const std::string_view line : lines) {
    const std::size_t blank = line.find(' ');
    if (blank == std::string_view::npos) continue;
    const std::string_view name = line.substr(0, blank);
    const std::string_view value = line.substr(blank + 1);
    if (name == "legion") greeting.legion = value;
    if (name == "route") greeting.route = value;
    const auto count = base::parse_integer(value);
    if (!count) continue;
    if (name == "nodes") greeting.nodes = *count;
    if (const auto kind = machine::processor_kind(name)) greeting.processors[*kind] = *count;
    if (const auto kind = machine::memory_kind(name)) greeting.memories[*kind] = *count;
  }
  return greeting;
}

}  // namespace mapwright::engine::command
