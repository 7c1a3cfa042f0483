package io.shadowindex.server.testing;

import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.netty.bootstrap.Bootstrap;
import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.channel.ChannelInitializer;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioSocketChannel;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Headers;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2HeadersFrame;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2StreamChannel;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.grpc.netty.shaded.io.netty.util.ReferenceCountUtil;
import io.grpc.protobuf.StatusProto;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.util.Base64;
import java.util.concurrent.CompletableFuture;

/** A connection of a client that speaks HTTP/2 and begins messages that it does not end. */
public final class RawClient implements AutoCloseable {

  private final EventLoopGroup threads =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final Channel connection;

  public RawClient(int port) throws InterruptedException {
    this.connection =
        new Bootstrap()
            .group(threads)
            .channel(NioSocketChannel.class)
            .handler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel
                        .pipeline()
                        .addLast(
                            Http2FrameCodecBuilder.forClient().build(),
                            new Http2MultiplexHandler(new ChannelInboundHandlerAdapter()));
                  }
                })
            .connect(InetAddress.getLoopbackAddress(), port)
            .sync()
            .channel();
  }

  /**
   * A call of which a part of the first message has been sent.
   *
   * @param ended done when the server ends it
   */
  public record Begun(Http2StreamChannel stream, CompletableFuture<StatusRuntimeException> ended) {

    /** Has the client break it off. */
    public void cancel() {
      var _ = stream.close();
    }
  }

  /** Begins a call with so many bytes of a message that will have one more. */
  public Begun begin(MethodDescriptor<?, ?> method, int bytes) throws InterruptedException {
    var ended = new CompletableFuture<StatusRuntimeException>();
    Http2StreamChannel stream =
        new Http2StreamChannelBootstrap(connection)
            .handler(
                new ChannelInboundHandlerAdapter() {
                  @Override
                  public void channelRead(ChannelHandlerContext context, Object frame) {
                    if (frame instanceof Http2HeadersFrame headers && headers.isEndStream()) {
                      ended.complete(status(headers.headers()));
                    }
                    ReferenceCountUtil.release(frame);
                  }
                })
            .open()
            .sync()
            .getNow();
    var headers =
        new DefaultHttp2Headers()
            .method("POST")
            .scheme("http")
            .authority("localhost")
            .path("/" + method.getFullMethodName())
            .set("content-type", "application/grpc")
            .set("te", "trailers");
    var _ = stream.write(new DefaultHttp2HeadersFrame(headers));
    var _ =
        stream.writeAndFlush(
            new DefaultHttp2DataFrame(
                Unpooled.buffer(5 + bytes).writeByte(0).writeInt(bytes + 1).writeZero(bytes)));
    return new Begun(stream, ended);
  }

  private static StatusRuntimeException status(Http2Headers trailers) {
    CharSequence details = trailers.get("grpc-status-details-bin");
    if (details == null) {
      return Status.fromCodeValue(Integer.parseInt(String.valueOf(trailers.get("grpc-status"))))
          .asRuntimeException();
    }
    try {
      return StatusProto.toStatusRuntimeException(
          com.google.rpc.Status.parseFrom(Base64.getDecoder().decode(details.toString())));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Closes the connection, whatever is under way. */
  @Override
  public void close() {
    var _ = connection.close().syncUninterruptibly();
    var _ = threads.shutdownGracefully();
  }
}
