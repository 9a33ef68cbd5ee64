using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Duplex;

/// <summary>
/// Sends and receives JSON with System.Text.Json, like System.Net.Http.Json. The methods ignore the session's
/// <see cref="DefaultWebSocketSession.Converter"/>.
/// </summary>
/// <remarks>
/// One text message is one JSON value. Default options: <see cref="JsonSerializerOptions.Web"/>. Options become
/// read-only on first use. Thread-safe.
/// </remarks>
public static class WebSocketJsonExtensions
{
    private const string Reflection =
        "JSON serialization may need types that trimming removes. Use the overload with a JsonTypeInfo<T>.";
    private const string CodeGeneration =
        "JSON serialization may need code generated at run time. Use the overload with a JsonTypeInfo<T>.";

    // One for each JsonSerializerOptions or JsonTypeInfo, because it caches a writer; it lives as long as its key. The
    // values are of the base type, since trimming keeps their type's public parameterless constructor.
    private static readonly ConditionalWeakTable<object, WebSocketContentConverter> Converters = [];

    /// <summary>Sends a value as JSON in one text message.</summary>
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

    /// <summary>Sends a value as JSON in one text message, with options.</summary>
    /// <inheritdoc cref="SendAsJsonAsync{T}(DefaultWebSocketSession, T, JsonTypeInfo{T}, CancellationToken)"
    /// path="/node()[not(self::summary|self::param)]"/>
    /// <param name="session">The session.</param>
    /// <param name="value">The value.</param>
    /// <param name="options">How the value is written.</param>
    /// <param name="cancellationToken">Withdraws the message before it is staged.</param>
    [RequiresUnreferencedCode(Reflection)]
    [RequiresDynamicCode(CodeGeneration)]
    public static ValueTask SendAsJsonAsync<T>(
        this DefaultWebSocketSession session, T value, JsonSerializerOptions options,
        CancellationToken cancellationToken = default) =>
        SendAsync(session, value, Of(options), cancellationToken);

    /// <summary>Sends a value as JSON in one text message, with source-generated metadata.</summary>
    /// <remarks>
    /// The value is serialized before the call returns; the call completes when the message is staged.
    /// </remarks>
    /// <typeparam name="T">The type to write the value as; its own may derive from it.</typeparam>
    /// <param name="session">The session.</param>
    /// <param name="value">The value.</param>
    /// <param name="jsonTypeInfo">The metadata of the type, such as <c>MyJson.Default.Subscribe</c>.</param>
    /// <param name="cancellationToken">Withdraws the message before it is staged.</param>
    /// <exception cref="NotSupportedException">
    /// The value cannot be serialized; nothing is sent. Your own JSON converters may throw others.
    /// </exception>
    /// <exception cref="WebSocketClosedException">The session accepts no more frames.</exception>
    /// <exception cref="InvalidOperationException">A fragmented message of the other type is unfinished.</exception>
    /// <exception cref="ChannelOverflowException">The outgoing queue was full, and it is set to close then.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static ValueTask SendAsJsonAsync<T>(
        this DefaultWebSocketSession session, T value, JsonTypeInfo<T> jsonTypeInfo,
        CancellationToken cancellationToken = default) =>
        SendAsync(session, value, Of(jsonTypeInfo), cancellationToken);

    /// <summary>Receives the next message and reads its JSON.</summary>
    /// <inheritdoc cref="ReceiveFromJsonAsync{T}(DefaultWebSocketSession, JsonTypeInfo{T}, CancellationToken)"/>
    /// <example>
    /// <code>
    /// int[]? numbers = await session.ReceiveFromJsonAsync&lt;int[]&gt;(cancellationToken);
    /// </code>
    /// </example>
    [RequiresUnreferencedCode(Reflection)]
    [RequiresDynamicCode(CodeGeneration)]
    [OverloadResolutionPriority(1)]
    public static ValueTask<T?> ReceiveFromJsonAsync<T>(
        this DefaultWebSocketSession session, CancellationToken cancellationToken = default) =>
        ReceiveAsync<T>(session, Of(JsonSerializerOptions.Web), cancellationToken);

    /// <summary>Receives the next message and reads its JSON, with options.</summary>
    /// <inheritdoc cref="ReceiveFromJsonAsync{T}(DefaultWebSocketSession, JsonTypeInfo{T}, CancellationToken)"
    /// path="/node()[not(self::summary|self::param)]"/>
    /// <param name="session">The session.</param>
    /// <param name="options">How the value is read.</param>
    /// <param name="cancellationToken">Cancels the wait only; no message is lost.</param>
    [RequiresUnreferencedCode(Reflection)]
    [RequiresDynamicCode(CodeGeneration)]
    public static ValueTask<T?> ReceiveFromJsonAsync<T>(
        this DefaultWebSocketSession session, JsonSerializerOptions options,
        CancellationToken cancellationToken = default) =>
        ReceiveAsync<T>(session, Of(options), cancellationToken);

    /// <summary>Receives the next message and reads its JSON, with source-generated metadata.</summary>
    /// <remarks>A message that cannot be read is also consumed; the exception holds it.</remarks>
    /// <typeparam name="T">The value's type; nullable if messages may hold null.</typeparam>
    /// <param name="session">The session.</param>
    /// <param name="jsonTypeInfo">The metadata of the type, such as <c>MyJson.Default.Tick</c>.</param>
    /// <param name="cancellationToken">Cancels the wait only; no message is lost.</param>
    /// <returns>The value; null if the message holds null, never for the end.</returns>
    /// <exception cref="WebSocketClosedException">
    /// The session ended, in any way; the inner exception is the error, if any.
    /// </exception>
    /// <exception cref="WebSocketDeserializeException">
    /// The message is binary, malformed, or its value does not fit the type. The session stays open.
    /// </exception>
    /// <exception cref="WebSocketConverterNotFoundException">
    /// The options have no metadata for the type; the message is consumed.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// The session receives streams: <see cref="ReceiveMode.Streams"/>.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static ValueTask<T?> ReceiveFromJsonAsync<T>(
        this DefaultWebSocketSession session, JsonTypeInfo<T> jsonTypeInfo,
        CancellationToken cancellationToken = default) =>
        ReceiveAsync<T>(session, Of(jsonTypeInfo), cancellationToken);

    /// <summary>Enumerates the values of all further messages, read as JSON.</summary>
    /// <inheritdoc cref="ReceiveAllFromJsonAsync{T}(DefaultWebSocketSession, JsonTypeInfo{T}, CancellationToken)"/>
    /// <example>
    /// <code>
    /// await foreach (int[]? numbers in session.ReceiveAllFromJsonAsync&lt;int[]&gt;(cancellationToken))
    ///     Console.WriteLine(numbers?.Length);
    /// </code>
    /// </example>
    [RequiresUnreferencedCode(Reflection)]
    [RequiresDynamicCode(CodeGeneration)]
    [OverloadResolutionPriority(1)]
    public static IAsyncEnumerable<T?> ReceiveAllFromJsonAsync<T>(
        this DefaultWebSocketSession session, CancellationToken cancellationToken = default) =>
        ReceiveAll<T>(session, Of(JsonSerializerOptions.Web), cancellationToken);

    /// <summary>Enumerates the values of all further messages, read as JSON with options.</summary>
    /// <inheritdoc cref="ReceiveAllFromJsonAsync{T}(DefaultWebSocketSession, JsonTypeInfo{T}, CancellationToken)"
    /// path="/node()[not(self::summary|self::param)]"/>
    /// <param name="session">The session.</param>
    /// <param name="options">How the values are read.</param>
    /// <param name="cancellationToken">Cancels the enumeration only.</param>
    [RequiresUnreferencedCode(Reflection)]
    [RequiresDynamicCode(CodeGeneration)]
    public static IAsyncEnumerable<T?> ReceiveAllFromJsonAsync<T>(
        this DefaultWebSocketSession session, JsonSerializerOptions options,
        CancellationToken cancellationToken = default) =>
        ReceiveAll<T>(session, Of(options), cancellationToken);

    /// <summary>Enumerates the values of all further messages, read as JSON with source-generated metadata.</summary>
    /// <remarks>
    /// Enumeration ends normally after a close, and throws after any other end. A message that cannot be read ends it
    /// with an exception, but not the session; a new enumeration starts with the next message.
    /// </remarks>
    /// <typeparam name="T">The values' type; nullable if messages may hold null.</typeparam>
    /// <param name="session">The session.</param>
    /// <param name="jsonTypeInfo">The metadata of the type, such as <c>MyJson.Default.Tick</c>.</param>
    /// <param name="cancellationToken">Cancels the enumeration only.</param>
    /// <exception cref="WebSocketDeserializeException">
    /// While enumerating: a message is binary, malformed, or its value does not fit the type.
    /// </exception>
    /// <exception cref="WebSocketConverterNotFoundException">
    /// While enumerating: the options have no metadata for the type.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// While enumerating: the session receives streams (<see cref="ReceiveMode.Streams"/>).
    /// </exception>
    /// <exception cref="WebSocketException">While enumerating: the session ended without a close.</exception>
    /// <exception cref="OperationCanceledException">While enumerating: the token was cancelled.</exception>
    public static IAsyncEnumerable<T?> ReceiveAllFromJsonAsync<T>(
        this DefaultWebSocketSession session, JsonTypeInfo<T> jsonTypeInfo,
        CancellationToken cancellationToken = default) =>
        ReceiveAll<T>(session, Of(jsonTypeInfo), cancellationToken);

    private static ValueTask SendAsync<T>(
        DefaultWebSocketSession session, T value, WebSocketContentConverter converter, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.SendSerializedAsync(value, converter, token);
    }

    private static ValueTask<T?> ReceiveAsync<T>(
        DefaultWebSocketSession session, WebSocketContentConverter converter, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.ReceiveOrThrowClosedAsync<T>(converter, token);
    }

    private static IAsyncEnumerable<T?> ReceiveAll<T>(
        DefaultWebSocketSession session, WebSocketContentConverter converter, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.ReceiveAllDeserializedAsync<T>(converter, token);
    }

    [RequiresUnreferencedCode(Reflection)]
    [RequiresDynamicCode(CodeGeneration)]
    private static WebSocketContentConverter Of(JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Converters.GetValue(options, static options =>
        {
            // JsonSerializer does this on first use, too.
            ((JsonSerializerOptions)options).MakeReadOnly(populateMissingResolver: true);
            return new JsonContentConverter((JsonSerializerOptions)options);
        });
    }

    private static WebSocketContentConverter Of(JsonTypeInfo jsonTypeInfo)
    {
        ArgumentNullException.ThrowIfNull(jsonTypeInfo);
        return Converters.GetValue(jsonTypeInfo, static info => JsonContentConverter.Of((JsonTypeInfo)info));
    }
}
