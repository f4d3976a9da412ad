#include "engine/starpu/job.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "engine/starpu/texts.h"

namespace mapwright::engine::starpu {
namespace {

using Json = nlohmann::json;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

template <class T>
void append(std::string* bytes, const T& value) {
  bytes->append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace

std::string save(const Job& job) {
  return dump({{"version", kTextVersion},
               {"program", job.program},
               {"machine", job.machine},
               {"mapper", job.mapper},
               {"nodes", job.nodes},
               {"devices", job.devices},
               {"limit", job.limit},
               {"plan", job.plan},
               {"poison", job.poison},
               {"fault", job.fault}});
}

std::optional<Job> load_job(std::string_view text) {
  return parsed<Job>(text, [](const Json& json, Job& job) {
    json.at("program").get_to(job.program);
    json.at("machine").get_to(job.machine);
    json.at("mapper").get_to(job.mapper);
    json.at("nodes").get_to(job.nodes);
    json.at("devices").get_to(job.devices);
    json.at("limit").get_to(job.limit);
    json.at("plan").get_to(job.plan);
    json.at("poison").get_to(job.poison);
    json.at("fault").get_to(job.fault);
  });
}

std::string framed(std::string_view text) {
  return fmt::format("{}\n{}", text.size(), text);
}

std::string fingerprint(const plan::Plan& plan) {
  std::string bytes;
  for (const plan::Op& op : plan.ops) {
    append(&bytes, op.kind);
    append(&bytes, op.mapping);
    append(&bytes, op.source);
    append(&bytes, op.destination);
    append(&bytes, op.bytes);
  }
  for (const plan::Wait& wait : plan.waits) append(&bytes, wait.op);
  for (const plan::CellIn& cell : plan.cells) append(&bytes, cell);
  for (const plan::Mapping& m : plan.mappings) append(&bytes, m.processor);
  for (const plan::Instance& i : plan.instances) {
    append(&bytes, i.memory);
    append(&bytes, i.bytes);
    append(&bytes, i.fields);
  }
  return base::digest(bytes);
}

std::string save(const Answer& answer) {
  Json ran = Json::array();
  for (const Ran& r : answer.ran) {
    ran.push_back(r.op);
    ran.push_back(r.start);
    ran.push_back(r.end);
  }
  Json memory = Json::array();
  for (const plan::MemoryUse& use : answer.memory) memory.push_back({use.memory, use.high_water});
  return dump({{"version", kTextVersion},
               {"failure", answer.failure},
               {"failure_text", answer.failure_text},
               {"ran", std::move(ran)},
               {"between_ranks", answer.counted.between_ranks},
               {"to_devices", answer.counted.to_devices},
               {"from_devices", answer.counted.from_devices},
               {"memory", std::move(memory)},
               {"checked", answer.checked},
               {"workers", answer.workers}});
}

std::optional<Answer> load_answer(std::string_view text) {
  return parsed<Answer>(text, [](const Json& json, Answer& answer) {
    json.at("failure").get_to(answer.failure);
    json.at("failure_text").get_to(answer.failure_text);
    const Json& ran = json.at("ran");
    for (std::size_t i = 0; i + 2 < ran.size(); i += 3)
      answer.ran.push_back({ran.at(i).get<plan::OpId>(), ran.at(i + 1).get<std::int64_t>(),
                            ran.at(i + 2).get<std::int64_t>()});
    json.at("between_ranks").get_to(answer.counted.between_ranks);
    json.at("to_devices").get_to(answer.counted.to_devices);
    json.at("from_devices").get_to(answer.counted.from_devices);
    for (const Json& use : json.at("memory"))
      answer.memory.push_back({use.at(0).get<plan::MemoryId>(), use.at(1).get<std::int64_t>()});
    json.at("checked").get_to(answer.checked);
    json.at("workers").get_to(answer.workers);
  });
}

}  // namespace mapwright::engine::starpu
