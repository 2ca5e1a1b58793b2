import Foundation

extension Bundle {
    /// The app's own resources.
    static var app: Bundle { .module }
}
