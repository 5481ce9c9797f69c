# What the CUDA backend needs: the toolkit (nvcc, cuBLAS, Thrust) and cuDNN. Its memory needs the toolkit's headers alone, so
# that and its tests, which bring a stand-in for the runtime, are built wherever these are; the rest where OCTRAIN_CUDA is on.
find_package(CUDAToolkit 11.8 QUIET)
if(CUDAToolkit_FOUND)
  # Our memory code links no runtime by itself: programs link CUDA::cudart, tests the stand-in.
  add_library(octrain_cuda_headers INTERFACE IMPORTED GLOBAL)
  target_include_directories(octrain_cuda_headers SYSTEM INTERFACE ${CUDAToolkit_INCLUDE_DIRS})
  # CUPTI's headers; without them what the driver does with managed memory is not measured. The library is loaded at run time.
  find_path(OCTRAIN_CUPTI_INCLUDE_DIR cupti_activity.h HINTS ${CUDAToolkit_INCLUDE_DIRS}
    PATH_SUFFIXES ../extras/CUPTI/include ../../../extras/CUPTI/include)
  if(OCTRAIN_CUPTI_INCLUDE_DIR)
    target_include_directories(octrain_cuda_headers SYSTEM INTERFACE ${OCTRAIN_CUPTI_INCLUDE_DIR})
  endif()
endif()
if(NOT OCTRAIN_CUDA)
  return()
endif()

# Before the language is enabled: the default of CMake may be older than what the toolkit can still compile for. The presets
# and -DCMAKE_CUDA_ARCHITECTURES say otherwise.
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 75-virtual)
endif()
if(NOT DEFINED CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX})
  find_program(octrain_nvcc nvcc HINTS ENV CUDA_HOME PATHS /usr/local/cuda PATH_SUFFIXES bin)
  if(octrain_nvcc)
    set(CMAKE_CUDA_COMPILER ${octrain_nvcc})
  endif()
endif()
include(CheckLanguage)
check_language(CUDA)
if(NOT CMAKE_CUDA_COMPILER)
  message(FATAL_ERROR "OCTRAIN_CUDA needs nvcc: install the CUDA toolkit 11.8 or newer, or say where it is by CUDACXX")
endif()
enable_language(CUDA)
if(NOT CUDAToolkit_FOUND)
  message(FATAL_ERROR "OCTRAIN_CUDA needs the CUDA toolkit 11.8 or newer")
endif()

find_path(OCTRAIN_CUDNN_INCLUDE_DIR cudnn.h HINTS ${CUDAToolkit_INCLUDE_DIRS} ENV CUDNN_HOME PATH_SUFFIXES include)
find_library(OCTRAIN_CUDNN_LIBRARY cudnn HINTS ${CUDAToolkit_LIBRARY_DIR} ENV CUDNN_HOME PATH_SUFFIXES lib64 lib)
if(NOT OCTRAIN_CUDNN_INCLUDE_DIR OR NOT OCTRAIN_CUDNN_LIBRARY)
  message(FATAL_ERROR "OCTRAIN_CUDA needs cuDNN 8 or 9 (cudnn.h, libcudnn.so): install it beside the toolkit, or say where by CUDNN_HOME")
endif()
add_library(octrain_cudnn INTERFACE IMPORTED GLOBAL)
target_include_directories(octrain_cudnn SYSTEM INTERFACE ${OCTRAIN_CUDNN_INCLUDE_DIR})
target_link_libraries(octrain_cudnn INTERFACE ${OCTRAIN_CUDNN_LIBRARY})

# octrain_cuda_options(TARGET): how its .cu files are compiled. C++17, as toolkit 11.8 has no more.
function(octrain_cuda_options target)
  set_target_properties(${target} PROPERTIES CUDA_STANDARD 17 CUDA_STANDARD_REQUIRED ON CUDA_EXTENSIONS OFF)
  target_compile_options(${target} PRIVATE "$<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra,-Wshadow>")
  if(OCTRAIN_WERROR)
    target_compile_options(${target} PRIVATE "$<$<COMPILE_LANGUAGE:CUDA>:-Werror=all-warnings;-Xcompiler=-Werror>")
  endif()
endfunction()

# octrain_gpu_test(NAME SOURCES … LINKS …): tests on a GPU, with the label gpu and little managed memory; skipped without one.
function(octrain_gpu_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  octrain_test(${name} BESIDE_OTHERS LABEL gpu TIMEOUT 120 ENVIRONMENT OCTRAIN_MANAGED_LIMIT=1073741824
    SOURCES ${ARG_SOURCES} ${PROJECT_SOURCE_DIR}/tests/support/needs_a_device.cpp
    LINKS ${ARG_LINKS} octrain_cuda_memory CUDA::cudart)
  set_target_properties(${name} PROPERTIES CUDA_RUNTIME_LIBRARY Shared)
endfunction()
