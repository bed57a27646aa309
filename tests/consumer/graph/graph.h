// The consumer's own idea of a graph: it only counts streets.
#ifndef CONSUMER_GRAPH_GRAPH_H_
#define CONSUMER_GRAPH_GRAPH_H_

class Graph {
 public:
  void AddStreet() { ++streets_; }
  int streets() const { return streets_; }

 private:
  int streets_ = 0;
};

#endif  // CONSUMER_GRAPH_GRAPH_H_
