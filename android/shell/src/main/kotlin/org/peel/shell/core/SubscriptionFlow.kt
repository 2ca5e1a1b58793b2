package org.peel.shell.core

import kotlinx.coroutines.channels.Channel.Factory.CONFLATED
import kotlinx.coroutines.channels.awaitClose
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.buffer
import kotlinx.coroutines.flow.callbackFlow
import org.peel.core.Subscription

/**
 * A subscription as a flow of snapshots: the present one at once, then the newest; a slow reader misses only what is
 * out of date. The subscription ends with its collector.
 *
 * @param subscribe gives the core a listener that hands each snapshot to its argument.
 */
internal fun <T> subscriptionFlow(subscribe: (emit: (T) -> Unit) -> Subscription): Flow<T> = callbackFlow {
    val subscription = subscribe { snapshot -> trySend(snapshot) }
    awaitClose {
        subscription.cancel()
        subscription.destroy()
    }
}.buffer(CONFLATED)
