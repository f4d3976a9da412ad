#include "rank/measure.h"

#include <string>

#include "engine/starpu/job.h"
#include "rank/failure.h"
#include "rank/measure_processor.h"
#include "rank/measure_runtime.h"
#include "rank/streams.h"

namespace mapwright::rank {

int measure(int out, bool alone) {
  Peers peers(alone);
  report_crashes(peers.rank());
  const auto question = engine::starpu::load_question(received(&peers));
  if (!question || question->processors < 1)
    fail("job", "standard input is no question; mapwright starts this program");
  end_after(std::chrono::milliseconds(static_cast<std::int64_t>(question->limit * 1e3)),
            [] { return std::string("the measurement was not over"); });
  engine::starpu::Measurements measured;
  if (peers.size() == 1) measure_processors(question->processors, &measured);
  measure_runtime(&peers, &measured);
  if (peers.rank() == 0) write_answer(out, engine::starpu::save(measured));
  peers.barrier();
  return 0;
}

}  // namespace mapwright::rank
