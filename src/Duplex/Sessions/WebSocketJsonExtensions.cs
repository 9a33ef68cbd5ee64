using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Duplex;

/// <summary>
/// Sends and receives JSON by System.Text.Json, in the shapes of System.Net.Http.Json. No converter need be set, and
/// the session's <see cref="DefaultWebSocketSession.Converter"/> plays no part.
/// </summary>
/// <remarks>
/// One text message is one JSON value. Without options, those of the web hold
/// (<see cref="JsonSerializerOptions.Web"/>). Options become read-only with their first use. Thread-safe.
/// </remarks>
public static class WebSocketJsonExtensions
{
    private const string Reflection =
        "JSON serialization may need types that trimming removes. Use the overload with a JsonTypeInfo<T>.";
    private const string CodeGeneration =
        "JSON serialization may need code generated at run time. Use the overload with a JsonTypeInfo<T>.";

    // One converter for each JsonSerializerOptions or JsonTypeInfo: it keeps a writer for its next call, and lives as long as its key.
    private static readonly ConditionalWeakTable<object, JsonContentConverter> Converters = [];

    /// <summary>Sends a value as JSON, in one text message.</summary>
    /// <inheritdoc cref="SendAsJsonAsync{T}(DefaultWebSocketSession, T, JsonTypeInfo{T}, CancellationToken)"/>
    /// <example>
    /// <code>
    /// await session.SendAsJsonAsync(new { Subscribe = "EURUSD" }, cancellationToken);
    /// </code>
    /// </example>
    [RequiresUnreferencedCode(Reflection)]
    [RequiresDynamicCode(CodeGeneration)]
    [OverloadResolutionPriority(1)] // a literal `default` is the token
    public static ValueTask SendAsJsonAsync<T>(
        this DefaultWebSocketSession session, T value, CancellationToken cancellationToken = default) =>
        SendAsync(session, value, Of(JsonSerializerOptions.Web), cancellationToken);

    /// <summary>Sends a value as JSON, in one text message, by options.</summary>
    /// <inheritdoc cref="SendAsJsonAsync{T}(DefaultWebSocketSession, T, JsonTypeInfo{T}, CancellationToken)"/>
    /// <param name="session">The session.</param>
    /// <param name="value">The value.</param>
    /// <param name="options">How the value is written.</param>
    /// <param name="cancellationToken">
    /// Withdraws the message as long as nothing of it is staged; ignored from then on. Never harms the session.
    /// </param>
    [RequiresUnreferencedCode(Reflection)]
    [RequiresDynamicCode(CodeGeneration)]
    public static ValueTask SendAsJsonAsync<T>(
        this DefaultWebSocketSession session, T value, JsonSerializerOptions options,
        CancellationToken cancellationToken = default) =>
        SendAsync(session, value, Of(options), cancellationToken);

    /// <summary>Sends a value as JSON, in one text message, by source-generated metadata.</summary>
    /// <remarks>
    /// The value is serialized before the call returns; the call completes when the message is staged.
    /// </remarks>
    /// <typeparam name="T">
    /// What the value is written as: the declared type, which the value's own may extend.
    /// </typeparam>
    /// <param name="session">The session.</param>
    /// <param name="value">The value.</param>
    /// <param name="jsonTypeInfo">The metadata of the type, such as <c>MyJson.Default.Subscribe</c>.</param>
    /// <param name="cancellationToken">
    /// Withdraws the message as long as nothing of it is staged; ignored from then on. Never harms the session.
    /// </param>
    /// <exception cref="NotSupportedException">
    /// The value cannot be serialized; nothing is sent. A JSON converter of your own may throw others.
    /// </exception>
    /// <exception cref="WebSocketClosedException">The session takes no more frames.</exception>
    /// <exception cref="InvalidOperationException">A fragmented message of the other type is unfinished.</exception>
    /// <exception cref="ChannelOverflowException">
    /// There was no room, and the outgoing queue is set to close then.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled before the message was staged.</exception>
    public static ValueTask SendAsJsonAsync<T>(
        this DefaultWebSocketSession session, T value, JsonTypeInfo<T> jsonTypeInfo,
        CancellationToken cancellationToken = default) =>
        SendAsync(session, value, Of(jsonTypeInfo), cancellationToken);

    /// <summary>Receives the next message, waiting for it, and reads its JSON.</summary>
    /// <inheritdoc cref="ReceiveFromJsonAsync{T}(DefaultWebSocketSession, JsonTypeInfo{T}, CancellationToken)"/>
    /// <example>
    /// <code>
    /// int[]? numbers = await session.ReceiveFromJsonAsync&lt;int[]&gt;(cancellationToken);
    /// </code>
    /// </example>
    [RequiresUnreferencedCode(Reflection)]
    [RequiresDynamicCode(CodeGeneration)]
    [OverloadResolutionPriority(1)] // a literal `default` is the token
    public static ValueTask<T?> ReceiveFromJsonAsync<T>(
        this DefaultWebSocketSession session, CancellationToken cancellationToken = default) =>
        ReceiveAsync<T>(session, Of(JsonSerializerOptions.Web), cancellationToken);

    /// <summary>Receives the next message, waiting for it, and reads its JSON, by options.</summary>
    /// <inheritdoc cref="ReceiveFromJsonAsync{T}(DefaultWebSocketSession, JsonTypeInfo{T}, CancellationToken)"/>
    /// <param name="session">The session.</param>
    /// <param name="options">How the value is read.</param>
    /// <param name="cancellationToken">Cancels the wait only: the session stays usable, and no message is lost.</param>
    [RequiresUnreferencedCode(Reflection)]
    [RequiresDynamicCode(CodeGeneration)]
    public static ValueTask<T?> ReceiveFromJsonAsync<T>(
        this DefaultWebSocketSession session, JsonSerializerOptions options,
        CancellationToken cancellationToken = default) =>
        ReceiveAsync<T>(session, Of(options), cancellationToken);

    /// <summary>Receives the next message, waiting for it, and reads its JSON, by source-generated metadata.</summary>
    /// <remarks>
    /// One message is taken, also where it cannot be read: the exception holds it, and the next call takes the next.
    /// </remarks>
    /// <typeparam name="T">The type of the value. Where a message may say null, a type that can be null.</typeparam>
    /// <param name="session">The session.</param>
    /// <param name="jsonTypeInfo">The metadata of the type, such as <c>MyJson.Default.Tick</c>.</param>
    /// <param name="cancellationToken">Cancels the wait only: the session stays usable, and no message is lost.</param>
    /// <returns>The value, or null if the message says so. Null never means the end.</returns>
    /// <exception cref="WebSocketClosedException">
    /// The session ended, in whatever way; the inner exception has the error, if there was one.
    /// </exception>
    /// <exception cref="WebSocketDeserializeException">
    /// The message is binary, malformed, or its value does not fit the type. The session goes on.
    /// </exception>
    /// <exception cref="WebSocketConverterNotFoundException">
    /// The options have no metadata of the type. A message was taken.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// The session receives streams: <see cref="ReceiveMode.Streams"/>.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static ValueTask<T?> ReceiveFromJsonAsync<T>(
        this DefaultWebSocketSession session, JsonTypeInfo<T> jsonTypeInfo,
        CancellationToken cancellationToken = default) =>
        ReceiveAsync<T>(session, Of(jsonTypeInfo), cancellationToken);

    /// <summary>Enumerates the values of all messages to come, read as JSON.</summary>
    /// <inheritdoc cref="ReceiveAllFromJsonAsync{T}(DefaultWebSocketSession, JsonTypeInfo{T}, CancellationToken)"/>
    /// <example>
    /// <code>
    /// await foreach (int[]? numbers in session.ReceiveAllFromJsonAsync&lt;int[]&gt;(cancellationToken))
    ///     Console.WriteLine(numbers?.Length);
    /// </code>
    /// </example>
    [RequiresUnreferencedCode(Reflection)]
    [RequiresDynamicCode(CodeGeneration)]
    [OverloadResolutionPriority(1)] // a literal `default` is the token
    public static IAsyncEnumerable<T?> ReceiveAllFromJsonAsync<T>(
        this DefaultWebSocketSession session, CancellationToken cancellationToken = default) =>
        ReceiveAll<T>(session, Of(JsonSerializerOptions.Web), cancellationToken);

    /// <summary>Enumerates the values of all messages to come, read as JSON by options.</summary>
    /// <inheritdoc cref="ReceiveAllFromJsonAsync{T}(DefaultWebSocketSession, JsonTypeInfo{T}, CancellationToken)"/>
    /// <param name="session">The session.</param>
    /// <param name="options">How the values are read.</param>
    /// <param name="cancellationToken">
    /// Cancels the enumeration, with <see cref="OperationCanceledException"/>; the session stays usable.
    /// </param>
    [RequiresUnreferencedCode(Reflection)]
    [RequiresDynamicCode(CodeGeneration)]
    public static IAsyncEnumerable<T?> ReceiveAllFromJsonAsync<T>(
        this DefaultWebSocketSession session, JsonSerializerOptions options,
        CancellationToken cancellationToken = default) =>
        ReceiveAll<T>(session, Of(options), cancellationToken);

    /// <summary>Enumerates the values of all messages to come, read as JSON by source-generated metadata.</summary>
    /// <remarks>
    /// It stops at a normal end of the session; any other end makes it throw what happened. A message that cannot be
    /// read ends the enumeration with its exception, not the session: enumerate again, and the next message is the
    /// first.
    /// </remarks>
    /// <typeparam name="T">The type of the values. Where a message may say null, a type that can be null.</typeparam>
    /// <param name="session">The session.</param>
    /// <param name="jsonTypeInfo">The metadata of the type, such as <c>MyJson.Default.Tick</c>.</param>
    /// <param name="cancellationToken">
    /// Cancels the enumeration, with <see cref="OperationCanceledException"/>; the session stays usable.
    /// </param>
    /// <exception cref="WebSocketDeserializeException">
    /// While enumerating: a message is binary, malformed, or its value does not fit the type.
    /// </exception>
    /// <exception cref="WebSocketConverterNotFoundException">
    /// While enumerating: the options have no metadata of the type.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// While enumerating: the session receives streams (<see cref="ReceiveMode.Streams"/>).
    /// </exception>
    /// <exception cref="WebSocketException">
    /// While enumerating: the session ended in any other way than by closing.
    /// </exception>
    /// <exception cref="OperationCanceledException">While enumerating: the token was cancelled.</exception>
    public static IAsyncEnumerable<T?> ReceiveAllFromJsonAsync<T>(
        this DefaultWebSocketSession session, JsonTypeInfo<T> jsonTypeInfo,
        CancellationToken cancellationToken = default) =>
        ReceiveAll<T>(session, Of(jsonTypeInfo), cancellationToken);

    private static ValueTask SendAsync<T>(
        DefaultWebSocketSession session, T value, JsonContentConverter converter, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.SendSerializedAsync(value, converter, token);
    }

    private static ValueTask<T?> ReceiveAsync<T>(
        DefaultWebSocketSession session, JsonContentConverter converter, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.ReceiveOrThrowClosedAsync<T>(converter, token);
    }

    private static IAsyncEnumerable<T?> ReceiveAll<T>(
        DefaultWebSocketSession session, JsonContentConverter converter, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.ReceiveAllDeserializedAsync<T>(converter, token);
    }

    [RequiresUnreferencedCode(Reflection)]
    [RequiresDynamicCode(CodeGeneration)]
    private static JsonContentConverter Of(JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Converters.GetValue(options, static options =>
        {
            ((JsonSerializerOptions)options).MakeReadOnly(populateMissingResolver: true); // as JsonSerializer does with its first use of them
            return new JsonContentConverter((JsonSerializerOptions)options);
        });
    }

    private static JsonContentConverter Of(JsonTypeInfo jsonTypeInfo)
    {
        ArgumentNullException.ThrowIfNull(jsonTypeInfo);
        return Converters.GetValue(jsonTypeInfo, static info => JsonContentConverter.Of((JsonTypeInfo)info));
    }
}
