# How every folder is built: one library per folder under src/, its tests beside its sources.

add_library(mapwright_options INTERFACE)
target_compile_options(mapwright_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Wold-style-cast
  -Wcast-align -Woverloaded-virtual -Wnull-dereference -Wimplicit-fallthrough -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports these on correct standard-library code once it inlines at -O2 and more, std::optional and
  # std::string above all (GCC bugs 105329, 105593, 105562). Clang and the sanitizers look for the real ones.
  target_compile_options(mapwright_options INTERFACE -Wno-restrict -Wno-null-dereference -Wno-maybe-uninitialized)
endif()
target_include_directories(mapwright_options INTERFACE ${PROJECT_SOURCE_DIR}/src)
if(MAPWRIGHT_SANITIZERS)
  target_compile_options(mapwright_options INTERFACE -fsanitize=${MAPWRIGHT_SANITIZERS} -fno-sanitize-recover=all
                                                    -fno-omit-frame-pointer)
  target_link_options(mapwright_options INTERFACE -fsanitize=${MAPWRIGHT_SANITIZERS})
endif()

# What nobody waits for: reading options, writing JSON, tests. A third of the time to compile goes into optimizing it.
function(mapwright_cold target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
endfunction()

# Where MAPWRIGHT_UNITY is on, several sources are compiled as one, so that they read headers and instantiate templates
# once. No two of them may then give a name of their own to different things.
function(mapwright_unity target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${MAPWRIGHT_UNITY})
endfunction()

# mapwright_folder(FOLDER [COLD] [UNITY] [USES library...] [LINKS library...]): src/FOLDER becomes the library
# mapwright_FOLDER, with _ for /, and its *_test.cc become the test program FOLDER_test.
function(mapwright_folder folder)
  cmake_parse_arguments(ARG "COLD;UNITY" "" "USES;LINKS" ${ARGN})
  string(REPLACE "/" "_" name ${folder})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${folder}/*.cc)
  file(GLOB test_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${folder}/*_test.cc)
  if(test_sources)
    list(REMOVE_ITEM sources ${test_sources})
  endif()
  list(TRANSFORM ARG_USES PREPEND mapwright_)
  add_library(mapwright_${name} STATIC ${sources})
  target_link_libraries(mapwright_${name} PUBLIC ${ARG_USES} PRIVATE mapwright_options ${ARG_LINKS})
  if(ARG_COLD)
    mapwright_cold(mapwright_${name})
  endif()
  if(ARG_UNITY)
    mapwright_unity(mapwright_${name})
  endif()
  if(MAPWRIGHT_TESTS AND test_sources)
    mapwright_test(${name}_test SOURCES ${test_sources} LINKS mapwright_${name} ${ARG_LINKS})
  endif()
endfunction()

# mapwright_program(EXECUTABLE FOLDER ...): src/FOLDER as a library, so that tests can reach it, and its main.cc as
# the executable in the build folder itself.
function(mapwright_program executable name)
  cmake_parse_arguments(ARG "" "" "USES;LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cc)
  list(FILTER sources EXCLUDE REGEX "(_test|/main)\\.cc$")
  list(TRANSFORM ARG_USES PREPEND mapwright_)
  add_library(mapwright_${name} STATIC ${sources})
  target_link_libraries(mapwright_${name} PUBLIC ${ARG_USES} PRIVATE mapwright_options ${ARG_LINKS})
  target_compile_definitions(mapwright_${name} PRIVATE
    MAPWRIGHT_VERSION="${PROJECT_VERSION}"
    MAPWRIGHT_SOURCE_DATA="${PROJECT_SOURCE_DIR}"
    MAPWRIGHT_INSTALLED_DATA="${CMAKE_INSTALL_PREFIX}/share/mapwright")
  add_executable(${executable} ${PROJECT_SOURCE_DIR}/src/${name}/main.cc)
  target_link_libraries(${executable} PRIVATE mapwright_${name} mapwright_options)
  set_target_properties(${executable} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
endfunction()

# mapwright_test(NAME [ALONE] SOURCES file... LINKS library...): one test program, each of its tests known to ctest, each
# with a limit on its time. ALONE: no two of them at once, because each keeps all cores busy.
function(mapwright_test name)
  cmake_parse_arguments(ARG "ALONE" "" "SOURCES;LINKS" ${ARGN})
  set(lock)
  if(ARG_ALONE)
    set(lock RESOURCE_LOCK cores)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} mapwright_options GTest::gtest GTest::gtest_main)
  mapwright_cold(${name})
  mapwright_unity(${name})
  if(TARGET rapidcheck)
    target_link_libraries(${name} PRIVATE rapidcheck)
  endif()
  target_compile_definitions(${name} PRIVATE MAPWRIGHT_ROOT="${PROJECT_SOURCE_DIR}")
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300 ${lock})
endfunction()
