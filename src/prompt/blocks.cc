#include "prompt/blocks.h"

#include <algorithm>
#include <memory>
#include <set>

#include "lang/ast.h"
#include "lang/format.h"

namespace mapwright::prompt {
namespace {

enum Block : std::size_t { task, region, layout, limit, index_map, single_map };

// Which block a statement stands in.
struct BlockOf {
  const std::set<std::string_view>& only_single;

  Block operator()(const lang::TaskStatement&) const { return task; }
  Block operator()(const lang::ReplicateStatement&) const { return task; }
  Block operator()(const lang::RegionStatement&) const { return region; }
  Block operator()(const lang::CollectStatement&) const { return region; }
  Block operator()(const lang::LayoutStatement&) const { return layout; }
  Block operator()(const lang::LimitStatement&) const { return limit; }
  Block operator()(const lang::MapStatement& s) const { return s.index ? index_map : single_map; }
  Block operator()(const lang::Assignment&) const { return index_map; }
  Block operator()(const lang::Print&) const { return index_map; }
  Block operator()(const lang::Function& f) const {
    return only_single.contains(f.name.text) ? single_map : index_map;
  }
};

std::set<std::string_view> only_in_single_maps(const lang::Ast& ast) {
  std::set<std::string_view> single;
  std::set<std::string_view> index;
  for (const lang::Statement& s : ast.statements) {
    if (const auto* map = std::get_if<lang::MapStatement>(&s))
      (map->index ? index : single).insert(map->function.text);
  }
  for (const std::string_view name : index) single.erase(name);
  return single;
}

}  // namespace

std::optional<Blocks> split(const base::SourcePtr& mapper) {
  // Canonical text has no comments, so that all between two statements is white space.
  const auto canonical = lang::canonical(mapper);
  if (!canonical) return std::nullopt;
  const auto source = std::make_shared<base::Source>("mapper", *canonical);
  base::Diagnostics problems;
  const lang::Ast ast = lang::parse(source, &problems);
  if (problems.has_errors()) return std::nullopt;
  const std::set<std::string_view> only_single = only_in_single_maps(ast);
  const auto begin = [](const lang::Statement& s) {
    return std::visit([](const auto& statement) { return statement.span.begin; }, s);
  };
  Blocks blocks;
  for (std::size_t i = 0; i < ast.statements.size(); ++i) {
    const auto end = i + 1 < ast.statements.size() ? begin(ast.statements[i + 1])
                                                   : static_cast<std::uint32_t>(source->text().size());
    blocks.at(std::visit(BlockOf{only_single}, ast.statements[i])) +=
        source->slice({begin(ast.statements[i]), end});
  }
  return blocks;
}

std::string assemble(const Blocks& blocks) {
  std::string mapper;
  for (const std::string& block : blocks) {
    mapper += block;
    if (!block.empty() && !block.ends_with('\n')) mapper += '\n';
  }
  return mapper;
}

std::optional<std::size_t> find_block(std::string_view name) {
  const auto* const found = std::ranges::find(kBlocks, name, &BlockKind::name);
  if (found == kBlocks.end()) return std::nullopt;
  return static_cast<std::size_t>(found - kBlocks.begin());
}

}  // namespace mapwright::prompt
