// swift-tools-version: 6.0
//
// The iOS side of Peel. `Generated` is written by `cargo verify --only swift` (and on a Mac by the script
// named in README.md) from the core's library; it is never committed.

import PackageDescription

let libraryFolder = Context.environment["PEEL_LIBRARY_DIR"] ?? "../target/debug"

#if os(Linux)
    // The core's library as Cargo builds it, found again at run time; ld.bfd cannot link Observation.
    let core: Target = .systemLibrary(name: "PeelCoreFFI", path: "Generated/CoreFFI")
    let coreLinker: [LinkerSetting] = [
        .unsafeFlags(["-use-ld=lld", "-L\(libraryFolder)", "-Xlinker", "-rpath", "-Xlinker", libraryFolder])
    ]
    // The screens are compiled here against a module of that name with the signatures that they use.
    let screens: [Target] = [.target(name: "SwiftUI", path: "Linux/SwiftUI")]
    let screensNeed: [Target.Dependency] = ["Shell", "SwiftUI"]
    // The story runs against a real gateway on this machine.
    let story: [Target] = [
        .target(name: "TestHTTPS", path: "Linux/TestHTTPS"),
        .testTarget(name: "StoryTests", dependencies: ["Shell", "TestHTTPS"]),
    ]
#else
    let core: Target = .binaryTarget(name: "PeelCoreFFI", path: "Generated/PeelCoreFFI.xcframework")
    let coreLinker: [LinkerSetting] = []
    let screens: [Target] = []
    let story: [Target] = []
    let screensNeed: [Target.Dependency] = ["Shell"]
#endif

let package = Package(
    name: "Peel",
    defaultLocalization: "en",
    platforms: [.iOS(.v17), .macOS(.v14)],
    products: [.library(name: "PeelApp", targets: ["App"])],
    targets: [
        core,
        .target(name: "PeelCore", dependencies: ["PeelCoreFFI"], path: "Generated/Core", linkerSettings: coreLinker),
        .target(name: "Shell", dependencies: ["PeelCore"]),
        .target(name: "App", dependencies: screensNeed, resources: [.process("Resources")]),
        .testTarget(name: "ShellTests", dependencies: ["Shell", "PeelCore"]),
        .testTarget(name: "AppTests", dependencies: ["App"]),
    ] + screens + story,
    swiftLanguageModes: [.v6]
)
