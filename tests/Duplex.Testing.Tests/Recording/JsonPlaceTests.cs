using System.Text;
using System.Text.Json;

namespace Duplex.Tests;

public sealed class JsonPlaceTests : IDisposable
{
    private readonly JsonDocument _json = JsonDocument.Parse("""
        {"text":"t","number":1.25,"big":1e300,"yes":true,"none":null,"list":[{"a":1},2],"object":{"time":"2026-05-01T12:00:00+02:00"},"base64":"YWJj","date":"soon"}
        """);

    private JsonPlace Place => new(_json.RootElement, "line 3", 3);

    public void Dispose() => _json.Dispose();

    [Fact]
    public void Values_are_read()
    {
        Assert.Equal("t", Place.String("text"));
        Assert.Null(Place.StringOrNull("missing"));
        Assert.Equal(1.25m, Place.Number("number"));
        Assert.Equal(TimeSpan.FromSeconds(1.25), Place.Seconds("number"));
        Assert.Equal(7, Place.Integer("missing", 0, 9, missing: 7));
        Assert.True(Place.Boolean("yes", missing: false));
        Assert.True(Place.Boolean("missing", missing: true));
        Assert.Equal("abc"u8, Place.Base64("base64"));
        Assert.Equal(new DateTimeOffset(2026, 5, 1, 10, 0, 0, TimeSpan.Zero), Place.Object("object").Time("time"));
        Assert.Equal(1, Place.Array("list").First().Integer("a", 0, 9));
        Assert.True(Place.Has("none"));
    }

    [Fact]
    public void An_error_says_what_was_expected_what_came_and_where()
    {
        RecordingFormatException error = Assert.Throws<RecordingFormatException>(() => Place.Number("text"));

        Assert.Equal("The recording is invalid at line 3, \"text\": expected a number, found a string.", error.Message);
        Assert.Equal(("line 3, \"text\"", 3L, "a number", "a string"), (error.Place, error.Line, error.Expected, error.Found));
        Assert.Equal("nothing", Assert.Throws<RecordingFormatException>(() => Place.String("missing")).Found);
        Assert.Equal("null", Assert.Throws<RecordingFormatException>(() => Place.String("none")).Found);
        Assert.Equal("1.25", Assert.Throws<RecordingFormatException>(() => Place.Integer("number", 0, 9)).Found);
        Assert.Equal("one that is too large", Assert.Throws<RecordingFormatException>(() => Place.Number("big")).Found);
        Assert.Equal("true or false", Assert.Throws<RecordingFormatException>(() => Place.Boolean("text", missing: false)).Expected);
        Assert.Equal("base64", Assert.Throws<RecordingFormatException>(() => Place.Base64("text")).Expected);
        Assert.Equal("another string", Assert.Throws<RecordingFormatException>(() => Place.Time("date")).Found);
        Assert.Equal("an array", Assert.Throws<RecordingFormatException>(() => Place.Array("object")).Expected);
        Assert.Equal("red", Assert.Throws<RecordingFormatException>(() => Place.Reject("text", "green", "red")).Found);
        Assert.Equal("an object", Assert.Throws<RecordingFormatException>(() => Place.Array("list").Last().String("a")).Expected);
    }

    [Fact]
    public void Within_a_document_the_place_is_a_path()
    {
        JsonPlace root = new(_json.RootElement, "", null);

        Assert.Equal("list[0].a", Assert.Throws<RecordingFormatException>(() => root.Array("list").First().String("a")).Place);
    }

    [Fact]
    public void What_is_no_JSON_is_told_by_its_line()
    {
        RecordingFormatException error = Assert.Throws<RecordingFormatException>(() => JsonPlace.Parse(Encoding.UTF8.GetBytes("{\n\"a\": }"), firstLine: 5));

        Assert.Equal(6, error.Line);
        Assert.IsAssignableFrom<JsonException>(error.InnerException);
    }
}
