# valise_room(NAME DEPENDENCY...): one static library per room of the house. Rooms only see the
# rooms they are given here; tests/lint checks the includes as well.
function(valise_room name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.c)
  if(NOT sources) # a room nobody lives in yet
    add_library(valise_${name} INTERFACE)
    target_link_libraries(valise_${name} INTERFACE valise_flags ${ARGN})
    return()
  endif()
  add_library(valise_${name} STATIC ${sources})
  target_include_directories(valise_${name} PUBLIC ${PROJECT_SOURCE_DIR}/lib
    ${PROJECT_SOURCE_DIR}/lib/include ${PROJECT_SOURCE_DIR})
  target_link_libraries(valise_${name} PUBLIC valise_flags ${ARGN})
endfunction()
