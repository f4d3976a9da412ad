// A Legion application that tests observe: it knows nothing of mapwright, and every decision of a mapper
// shows in it. A plate in tiles cools for some steps; sums of it are taken in each.
//
//   -n N        points of the plate in each direction (default 64)
//   -tiles T    tiles in each direction (default 2)
//   -steps S    (default 3)
//   -work W     how often each point is computed (default 1)
//   -tiny K     K more launches of T x T tasks that do nothing, and their time
//   -strict     the kernel of `cool` is compiled for rows that stand one behind the other (C order)
#include <legion.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace Legion;

namespace {

enum TaskIds { kMain = 1, kHeat, kCool, kSum, kShow, kTree, kLeaf, kNothing };
enum Fields { kOld = 1, kNew, kTotal };
enum Variants { kOnCpu = 1, kOnOmp };
constexpr ReductionOpID kAdd = 1;

struct Options {
  int n = 64;
  int tiles = 2;
  int steps = 3;
  int work = 1;
  int tiny = 0;
  bool strict = false;
};

Options options_of(int argc, char** argv) {
  Options o;
  for (int i = 1; i < argc; ++i) {
    const auto number = [&](const char* name, int* value) {
      if (std::strcmp(argv[i], name) == 0 && i + 1 < argc) *value = std::atoi(argv[++i]);
    };
    number("-n", &o.n);
    number("-tiles", &o.tiles);
    number("-steps", &o.steps);
    number("-work", &o.work);
    number("-tiny", &o.tiny);
    if (std::strcmp(argv[i], "-strict") == 0) o.strict = true;
  }
  return o;
}

// For any order of dimensions and fields; Legion's default accessor asks the instance at every access.
template <PrivilegeMode kPrivilege, int kRank>
using Accessor =
    FieldAccessor<kPrivilege, double, kRank, coord_t, Realm::AffineAccessor<double, kRank, coord_t>>;

Rect<2> bounds_of(const PhysicalRegion& region, Context ctx, Runtime* runtime) {
  return runtime->get_index_space_domain(ctx, IndexSpaceT<2>(region.get_logical_region().get_index_space()));
}

void heat(const Task*, const std::vector<PhysicalRegion>& regions, Context ctx, Runtime* runtime) {
  const Accessor<WRITE_DISCARD, 2> old(regions[0], kOld);
  for (PointInRectIterator<2> p(bounds_of(regions[0], ctx, runtime)); p(); p++)
    old[*p] = std::sin(0.1 * static_cast<double>((*p)[0])) + 0.01 * static_cast<double>((*p)[1]);
}

void cool(const Task* task, const std::vector<PhysicalRegion>& regions, Context ctx, Runtime* runtime) {
  const int work = *static_cast<const int*>(task->args);
  const Accessor<READ_ONLY, 2> old(regions[0], kOld);
  const Accessor<WRITE_DISCARD, 2> now(regions[1], kNew);
  const Rect<2> halo = bounds_of(regions[0], ctx, runtime);
  for (PointInRectIterator<2> p(bounds_of(regions[1], ctx, runtime)); p(); p++) {
    double sum = 0;
    int count = 0;
    for (int w = 0; w < work; ++w) {
      for (const Point<2> at :
           {*p + Point<2>(1, 0), *p - Point<2>(1, 0), *p + Point<2>(0, 1), *p - Point<2>(0, 1)}) {
        if (!halo.contains(at)) continue;
        sum += old[at];
        ++count;
      }
    }
    now[*p] = sum / count;
  }
}

void sum(const Task*, const std::vector<PhysicalRegion>& regions, Context ctx, Runtime* runtime) {
  const Accessor<WRITE_DISCARD, 2> old(regions[0], kOld);
  const Accessor<READ_ONLY, 2> now(regions[1], kNew);
  const ReductionAccessor<SumReduction<double>, true, 1, coord_t, Realm::AffineAccessor<double, 1, coord_t>>
      total(regions[2], kTotal, kAdd);
  double all = 0;
  for (PointInRectIterator<2> p(bounds_of(regions[1], ctx, runtime)); p(); p++) {
    old[*p] = now[*p];
    all += now[*p];
  }
  total[Point<1>(0)] <<= all;
}

double show(const Task*, const std::vector<PhysicalRegion>& regions, Context, Runtime*) {
  const Accessor<READ_ONLY, 1> total(regions[0], kTotal);
  return total[Point<1>(0)];
}

void leaf(const Task*, const std::vector<PhysicalRegion>& regions, Context ctx, Runtime* runtime) {
  const Accessor<READ_WRITE, 2> old(regions[0], kOld);
  for (PointInRectIterator<2> p(bounds_of(regions[0], ctx, runtime)); p(); p++) old[*p] = old[*p] * 0.5;
}

// Hands its data on.
void tree(const Task* task, const std::vector<PhysicalRegion>&, Context ctx, Runtime* runtime) {
  const RegionRequirement& all = task->regions[0];
  TaskLauncher launcher(kLeaf, TaskArgument());
  launcher.add_region_requirement(RegionRequirement(all.region, READ_WRITE, EXCLUSIVE, all.region));
  launcher.add_field(0, kOld);
  runtime->execute_task(ctx, launcher);
}

void nothing(const Task*, const std::vector<PhysicalRegion>&, Context, Runtime*) {}

void top_level(const Task*, const std::vector<PhysicalRegion>&, Context ctx, Runtime* runtime) {
  const InputArgs& args = Runtime::get_input_args();
  const Options o = options_of(args.argc, args.argv);

  const IndexSpaceT<2> points =
      runtime->create_index_space(ctx, Rect<2>(Point<2>(0, 0), Point<2>(o.n - 1, o.n - 1)));
  const IndexSpaceT<2> colors =
      runtime->create_index_space(ctx, Rect<2>(Point<2>(0, 0), Point<2>(o.tiles - 1, o.tiles - 1)));
  const FieldSpace plate_fields = runtime->create_field_space(ctx);
  {
    FieldAllocator allocator = runtime->create_field_allocator(ctx, plate_fields);
    allocator.allocate_field(sizeof(double), kOld);
    allocator.allocate_field(sizeof(double), kNew);
  }
  runtime->attach_name(plate_fields, kOld, "old");
  runtime->attach_name(plate_fields, kNew, "new");
  const LogicalRegion plate = runtime->create_logical_region(ctx, points, plate_fields);
  runtime->attach_name(plate, "plate");

  const int size = (o.n + o.tiles - 1) / o.tiles;
  Transform<2, 2> shift;
  shift[0][0] = shift[1][1] = size;
  shift[0][1] = shift[1][0] = 0;
  const IndexPartition tiles = runtime->create_partition_by_restriction(
      ctx, points, colors, shift, Rect<2>(Point<2>(0, 0), Point<2>(size - 1, size - 1)));
  runtime->attach_name(tiles, "tiles");
  // Nobody named these.
  const IndexPartition halos = runtime->create_partition_by_restriction(
      ctx, points, colors, shift, Rect<2>(Point<2>(-1, -1), Point<2>(size, size)));
  const LogicalPartition tile_parts = runtime->get_logical_partition(ctx, plate, tiles);
  const LogicalPartition halo_parts = runtime->get_logical_partition(ctx, plate, halos);

  const IndexSpaceT<1> one = runtime->create_index_space(ctx, Rect<1>(0, 0));
  const FieldSpace sum_fields = runtime->create_field_space(ctx);
  {
    FieldAllocator allocator = runtime->create_field_allocator(ctx, sum_fields);
    allocator.allocate_field(sizeof(double), kTotal);
  }
  const LogicalRegion sums = runtime->create_logical_region(ctx, one, sum_fields);
  runtime->attach_name(sums, "sums");
  runtime->fill_field<double>(ctx, sums, sums, kTotal, 0.0);

  const ArgumentMap none;
  {
    IndexTaskLauncher launcher(kHeat, colors, TaskArgument(), none);
    launcher.add_region_requirement(RegionRequirement(tile_parts, 0, WRITE_DISCARD, EXCLUSIVE, plate));
    launcher.add_field(0, kOld);
    runtime->execute_index_space(ctx, launcher);
  }
  {
    TaskLauncher launcher(kTree, TaskArgument());
    launcher.add_region_requirement(RegionRequirement(plate, READ_WRITE, EXCLUSIVE, plate));
    launcher.add_field(0, kOld);
    runtime->execute_task(ctx, launcher).get_void_result();
  }

  const auto begin = std::chrono::steady_clock::now();
  double answer = 0;
  for (int step = 0; step < o.steps; ++step) {
    IndexTaskLauncher cooling(kCool, colors, TaskArgument(&o.work, sizeof o.work), none);
    cooling.add_region_requirement(RegionRequirement(halo_parts, 0, READ_ONLY, EXCLUSIVE, plate));
    cooling.add_field(0, kOld);
    cooling.add_region_requirement(RegionRequirement(tile_parts, 0, WRITE_DISCARD, EXCLUSIVE, plate));
    cooling.add_field(1, kNew);
    runtime->execute_index_space(ctx, cooling);

    IndexTaskLauncher summing(kSum, colors, TaskArgument(), none);
    summing.add_region_requirement(RegionRequirement(tile_parts, 0, WRITE_DISCARD, EXCLUSIVE, plate));
    summing.add_field(0, kOld);
    summing.add_region_requirement(RegionRequirement(tile_parts, 0, READ_ONLY, EXCLUSIVE, plate));
    summing.add_field(1, kNew);
    summing.add_region_requirement(RegionRequirement(sums, kAdd, EXCLUSIVE, sums));
    summing.add_field(2, kTotal);
    runtime->execute_index_space(ctx, summing);

    TaskLauncher showing(kShow, TaskArgument());
    showing.add_region_requirement(RegionRequirement(sums, READ_ONLY, EXCLUSIVE, sums));
    showing.add_field(0, kTotal);
    answer = runtime->execute_task(ctx, showing).get_result<double>();
  }
  const auto end = std::chrono::steady_clock::now();
  // Sums are taken in any order.
  std::printf("ANSWER %.6e\n", answer);
  std::printf("ELAPSED %.6f s\n", std::chrono::duration<double>(end - begin).count());

  if (o.tiny > 0) {
    const auto first = std::chrono::steady_clock::now();
    for (int i = 0; i < o.tiny; ++i)
      runtime->execute_index_space(ctx, IndexTaskLauncher(kNothing, colors, TaskArgument(), none));
    runtime->issue_execution_fence(ctx).get_void_result();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - first).count();
    std::printf("TINY %.3f us\n", 1e6 * seconds / o.tiny / (o.tiles * o.tiles));
  }
}

template <void (*kTask)(const Task*, const std::vector<PhysicalRegion>&, Context, Runtime*)>
void add(TaskID id, const char* name, bool leaf_task, LayoutConstraintID layout = 0) {
  for (const auto& [kind, variant] :
       {std::pair(Processor::LOC_PROC, kOnCpu), std::pair(Processor::OMP_PROC, kOnOmp)}) {
    TaskVariantRegistrar registrar(id, name);
    registrar.add_constraint(ProcessorConstraint(kind));
    registrar.set_leaf(leaf_task);
    if (layout != 0) registrar.add_layout_constraint_set(1, layout);
    Runtime::preregister_task_variant<kTask>(registrar, name, variant);
    if (!leaf_task) break;  // on CPUs only
  }
}

}  // namespace

int main(int argc, char** argv) {
  const Options o = options_of(argc, argv);
  Runtime::set_top_level_task_id(kMain);
  LayoutConstraintID layout = 0;
  if (o.strict) {
    LayoutConstraintRegistrar registrar;
    registrar.add_constraint(OrderingConstraint({LEGION_DIM_Y, LEGION_DIM_X, LEGION_DIM_F}, false));
    layout = Runtime::preregister_layout(registrar);
  }
  add<top_level>(kMain, "main", false);
  add<heat>(kHeat, "heat", true);
  add<cool>(kCool, "cool", true, layout);
  add<sum>(kSum, "sum", true);
  add<tree>(kTree, "tree", false);
  add<leaf>(kLeaf, "leaf", true);
  add<nothing>(kNothing, "nothing", true);
  for (const auto& [kind, variant] :
       {std::pair(Processor::LOC_PROC, kOnCpu), std::pair(Processor::OMP_PROC, kOnOmp)}) {
    TaskVariantRegistrar registrar(kShow, "show");
    registrar.add_constraint(ProcessorConstraint(kind));
    registrar.set_leaf(true);
    Runtime::preregister_task_variant<double, show>(registrar, "show", variant);
  }
  Runtime::register_reduction_op<SumReduction<double>>(kAdd);
  return Runtime::start(argc, argv);
}
